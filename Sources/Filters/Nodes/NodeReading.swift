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
    /// Requests answered since its start, and those of them with a 5xx status.
    package let answered: Int
    package let failed: Int
    /// Where its configuration comes from: `file`, `redis` or `disk`; empty if it has not told.
    package let origin: String
    /// The number of the revision that it runs.
    package let configuration: Int?

    /// Whether it takes what is pushed to the cluster.
    package var isFollowing: Bool { origin == "redis" || origin == "disk" }

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
        answered = fields["answered"].flatMap { storedInteger($0) } ?? 0
        failed = fields["failed"].flatMap { storedInteger($0) } ?? 0
        origin = fields["origin"] ?? ""
        configuration = fields["configuration"].flatMap { Int($0) }
    }
}
