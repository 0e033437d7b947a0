import ArgumentParser
import Filters
import Gateway

/// `sluice nodes`: who is alive.
struct NodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nodes",
        abstract: "Show the live nodes of the cluster; from Redis alone.",
        discussion: """
            A node that has been silent for five seconds is gone. REVISION is the beginning of the configuration's
            sha256sum: nodes that differ in it run different files.

            Examples:
              sluice nodes
              sluice nodes --config gateway.yaml --json
            """)

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice nodes") { access in
            let nodes = try await NodesInRedis(access.client, namespace: access.namespace).list()
            if state.json { return try Output.write(json: NodesJSON(nodes: nodes.map { .init($0) })) }
            guard !nodes.isEmpty else {
                return Output.write(
                    "no live node in namespace \(access.namespace); --namespace or --config names another one\n")
            }
            Output.write(NodesTable.text(nodes))
        }
    }
}

enum NodesTable {
    static func text(_ nodes: [NodeReading]) -> String {
        var table = Table(
            ("NODE", .left), ("ADDRESS", .left), ("ADMIN", .left), ("VERSION", .left), ("REVISION", .left),
            ("UP", .right), ("SEEN", .right), ("REQUESTS/S", .right))
        for node in nodes {
            table.append(
                node.id, node.address, node.admin, node.version, node.revision,
                node.uptimeMicroseconds.map { TimeText.past($0) } ?? "",
                TimeText.ago(microseconds: node.sinceSeenMicroseconds), node.requests)
        }
        let revisions = Set(nodes.map(\.revision)).subtracting([""])
        return table.text + (revisions.count > 1 ? "the nodes run \(revisions.count) different configurations\n" : "")
    }
}

/// Nodes as `--json` prints them.
struct NodesJSON: Encodable {
    struct Node: Encodable {
        let id: String
        let address: String
        let admin: String
        let version: String
        let revision: String
        let upMs: Double?
        let seenMsAgo: Double
        let requestsPerSecond: Double?
    }

    let nodes: [Node]
}

extension NodesJSON.Node {
    init(_ reading: NodeReading) {
        self.init(
            id: reading.id, address: reading.address, admin: reading.admin, version: reading.version,
            revision: reading.revision, upMs: reading.uptimeMicroseconds.map { Double($0) / 1000 },
            seenMsAgo: Double(reading.sinceSeenMicroseconds) / 1000, requestsPerSecond: Double(reading.requests))
    }
}
