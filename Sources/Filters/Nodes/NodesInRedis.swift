import RedisClient

/// The nodes of a cluster as they announce themselves in Redis: for operators, from any host.
package struct NodesInRedis: Sendable {
    private static let mostNodes = 10_000

    private let client: RedisClient
    private let namespace: String

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// Those that have been heard of in the last five seconds, by their ids.
    package func list() async throws -> [NodeReading] {
        let key = "\(namespace):nodes"
        let now = try await client.time(routedBy: key)
        // A node that has lapsed is taken off the list by the heartbeat of another one, if there is another one.
        let words = try await client.send(
            "ZRANGEBYSCORE", key, "(\(now - Heartbeat.lapseMicroseconds)", "+inf", "WITHSCORES",
            "LIMIT", "0", "\(Self.mostNodes)", routedBy: key
        ).elements
        var readings: [NodeReading] = []
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            guard let id = words[index].text, let seen = words[index + 1].text.flatMap({ Double($0) }),
                seen.magnitude <= Double(1 << 53)
            else { continue }
            let node = "\(namespace):node:\(id)"
            let fields = try await client.send("HGETALL", node, routedBy: node).dictionary
            readings.append(NodeReading(id: id, seen: Int(seen), fields: fields, now: now))
        }
        return readings.sorted { $0.id < $1.id }
    }
}
