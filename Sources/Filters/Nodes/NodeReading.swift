/// What Redis holds of one live node.
package struct NodeReading: Hashable, Sendable {
    package let id: String
    package let sinceSeenMicroseconds: Int
    /// Nil, and what follows is empty: the node has not described itself.
    package let uptimeMicroseconds: Int?
    package let address: String
    package let admin: String
    package let version: String
    package let revision: String
    /// A second, one decimal.
    package let requests: String

    /// - Parameters:
    ///   - seen: the node's score in the list of nodes.
    ///   - fields: of its hash; empty if there is none.
    ///   - now: microseconds on the clock of Redis.
    package init(id: String, seen: Int, fields: [String: String], now: Int) {
        self.id = id
        sinceSeenMicroseconds = max(0, now - seen)
        uptimeMicroseconds = fields["started"].flatMap { storedInteger($0) }.map { max(0, now - $0) }
        address = fields["address"] ?? ""
        admin = fields["admin"] ?? ""
        version = fields["version"] ?? ""
        revision = fields["revision"] ?? ""
        requests = fields["requests"] ?? ""
    }
}
