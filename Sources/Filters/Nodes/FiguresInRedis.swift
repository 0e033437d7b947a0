import RedisClient
import Telemetry

/// What the nodes of a cluster have told of their last minutes: for dashboards, from any host.
package struct FiguresInRedis: Sendable {
    private let client: RedisClient
    private let namespace: String

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// Seconds that are kept of each node.
    package static let remembered = 300

    static func stream(_ namespace: String, node: String) -> BoundedStream {
        BoundedStream(
            key: "\(namespace):figures:\(node)", most: remembered, lifeMilliseconds: remembered * 1000)
    }

    /// What a node has told after a time, oldest first; times are of the clock of Redis.
    package func read(_ node: String, afterMilliseconds after: Int) async throws -> [TimedFigures] {
        let key = Self.stream(namespace, node: node).key
        return try await BoundedStream.read(key, after: after, most: Self.remembered * 2, from: client).map {
            TimedFigures(time: $0.time, figures: NodeFigures(fields: $0.fields))
        }
    }
}
