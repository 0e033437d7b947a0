/// `node`: which one of a cluster's this is.
struct NodeSettings: Hashable, Sendable {
    var id: String?
    var zone: String?

    static let kind = Kind<NodeSettings>.section("node", "a mapping such as { id: node-1 }") { section in
        var node = NodeSettings()
        node.id = section.optional(
            "id", .name("a node's id"), "Its name in logs, metrics and Redis; absent: host name and process id.")
        node.zone = section.optional(
            "zone", .name("a zone"), "Where it stands; targets of the same zone are preferred.")
        return node
    }
}
