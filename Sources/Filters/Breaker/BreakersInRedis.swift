import NIOCore
import RedisClient

/// The breakers of a cluster as they stand in Redis: for operators, from any host.
package struct BreakersInRedis: Sendable {
    private static let mostBreakers = 10_000

    private let client: RedisClient
    private let namespace: String

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    /// All of which there is something to tell; those that are not here are closed.
    package func list() async throws -> [BreakerReading] {
        let start = "\(namespace):breaker:{"
        var readings: [BreakerReading] = []
        for key in try await client.scan(match: "\(start)*}", atMost: Self.mostBreakers) {
            guard key.hasPrefix(start) else { continue }
            let upstream = String(key.dropFirst(start.count).dropLast())
            if let reading = try await unlessForeign({ try await read(upstream) }) { readings.append(reading) }
        }
        return readings
    }

    /// Nil: it is closed, and nobody has called the upstream lately.
    package func read(_ upstream: String) async throws -> BreakerReading? {
        let key = "\(namespace):breaker:{\(upstream)}"
        let now = try await client.time(routedBy: key)
        let fields = try await client.send("HGETALL", key, routedBy: key).dictionary
        return fields.isEmpty ? nil : BreakerReading(upstream: upstream, fields: fields, now: now)
    }

    /// Has all nodes open or close a breaker for a while, or ends that; they hear of it at once.
    package func force(
        _ upstream: String, _ order: BreakerScripts.Order, forMicroseconds duration: Int
    ) async throws -> BreakerScripts.Reply {
        let promise = client.eventLoop.makePromise(of: BreakerScripts.Reply.self)
        try await client.onLoop { [namespace] link in
            BreakerScripts(link: link, namespace: namespace).force(
                upstream, order, epoch: nil, durationMicroseconds: duration
            ) { promise.completeWith($0.mapError { $0 }) }
        }
        return try await promise.futureResult.get()
    }
}
