import GatewayCore
import HTTPWire
import Policies
import RedisClient
import Telemetry

/// The shared buckets: one script call in Redis per request, whatever the number of its policies and windows.
package final class RedisRateLimitStore: RateLimitStore {
    private let connection: RedisConnection
    private let script: RedisScriptID
    private let keyStart: [UInt8]
    private let key = ByteBuilder(capacity: 256)

    private let metrics: WorkerMetrics

    /// - Parameter namespace: the first part of every key.
    package init(connection: RedisConnection, namespace: String, metrics: WorkerMetrics) {
        self.connection = connection
        self.metrics = metrics
        keyStart = Array("\(namespace):bucket:{".utf8)
        script = connection.register(RedisScript(name: "take", source: PackageResources.take_lua))
    }

    package func take(_ request: TakeRequest) -> Bool {
        var argumentCount = 0
        for entry in request.entries { argumentCount += 1 + entry.policy.arguments.words }
        var isSynchronous = true
        var isDecided = false
        let asked = MonotonicClock.microseconds()
        connection.call(script, keys: request.entries.count, arguments: argumentCount) { writer in
            write(request, to: &writer)
        } completion: { [metrics] result in
            metrics.values.redis.note(result, microseconds: MonotonicClock.microseconds() &- asked)
            Self.conclude(request, result)
            isDecided = true
            if !isSynchronous { request.waiter?.decided(request) }
        }
        isSynchronous = false
        return isDecided
    }

    private func write(_ request: TakeRequest, to writer: inout RedisCommandWriter) {
        for entry in request.entries {
            key.removeAll()
            key.append(keyStart)
            key.append(entry.policy.name)
            key.append(0x3A)
            SubjectKey.append(request.subject(of: entry), to: key)
            key.append(0x7D)
            writer.append(UnsafeRawBufferPointer(key.bytes))
        }
        for entry in request.entries {
            writer.append(entry.cost)
            writer.append(entry.policy.arguments)
        }
    }

    private static func conclude(_ request: TakeRequest, _ result: Result<RedisReply, RedisError>) {
        guard case .success(let reply) = result, let admitted = reply[0]?.integer else {
            return request.conclude(.unavailable)
        }
        let windows = request.entries.reduce(0) { $0 + $1.policy.windows.count }
        guard reply.count == 1 + 3 * windows else { return request.conclude(.unavailable) }
        for index in 0..<windows {
            request.append(
                TakeRequest.WindowState(
                    remaining: reply[1 + 3 * index]?.integer ?? 0,
                    resetMicroseconds: reply[2 + 3 * index]?.integer ?? 0,
                    waitMicroseconds: reply[3 + 3 * index]?.integer ?? 0))
        }
        request.conclude(admitted == 1 ? .admitted : .refused)
    }
}

extension RedisMetrics {
    fileprivate mutating func note(_ result: Result<RedisReply, RedisError>, microseconds: Int) {
        switch result {
        case .success: latency.record(microseconds: microseconds)
        case .failure(.timeout): failures[.timeout] += 1
        case .failure(.server): failures[.errorReply] += 1
        case .failure: failures[.connectionLost] += 1
        }
    }
}
