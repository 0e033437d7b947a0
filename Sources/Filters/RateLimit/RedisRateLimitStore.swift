import GatewayCore
import HTTPWire
import Policies
import RedisClient
import Telemetry

/// The shared buckets: one script call in Redis per request, whatever the number of its policies and windows.
package final class RedisRateLimitStore: RateLimitStore {
    private let connection: RedisLink
    private let script: RedisScriptID
    /// `<namespace>:bucket:{`
    private let keyStart: [UInt8]
    private let subjectKey = SubjectKey()
    private let key = ByteBuilder(capacity: 256)
    private let metrics: WorkerMetrics
    /// Whether a call is being made: a completion that comes meanwhile is the answer to this very call.
    private var isCalling = false
    private var isDecided = false
    /// Why the latest request that could not be decided was not; for logs.
    package private(set) var lastFailure: RedisError?

    /// - Parameter namespace: the first part of every key.
    package convenience init(connection: RedisLink, namespace: String, metrics: WorkerMetrics) {
        self.init(connection: connection, namespace: namespace, metrics: metrics, source: PackageResources.take_lua)
    }

    /// - Parameter source: of the script; tests wrap it to set its clock.
    init(connection: RedisLink, namespace: String, metrics: WorkerMetrics, source: [UInt8]) {
        self.connection = connection
        self.metrics = metrics
        keyStart = Array("\(namespace):bucket:{".utf8)
        script = connection.register(RedisScript(name: "take", source: source))
    }

    package func take(_ request: TakeRequest) -> Bool {
        let keys = request.entries.count
        let arguments = request.entries.reduce(0) { $0 + 1 + $1.policy.arguments.words }
        let asked = MonotonicClock.microseconds()
        isCalling = true
        isDecided = false
        connection.call(script, keys: keys, arguments: arguments) { writer in
            write(request, to: &writer)
        } completion: { [self] result in
            metrics.values.redis.note(result, microseconds: MonotonicClock.microseconds() &- asked)
            conclude(request, result)
        }
        isCalling = false
        return isDecided
    }

    private func write(_ request: TakeRequest, to writer: inout RedisCommandWriter) {
        for entry in request.entries {
            key.removeAll()
            key.append(keyStart)
            key.append(entry.policy.keyStart)
            subjectKey.append(request.subject(of: entry), to: key)
            key.append(0x7D)
            writer.append(UnsafeRawBufferPointer(key.bytes))
        }
        for entry in request.entries {
            writer.append(entry.cost)
            writer.append(entry.policy.arguments)
        }
    }

    private func conclude(_ request: TakeRequest, _ result: Result<RedisReply, RedisError>) {
        switch result {
        case .success(let reply): read(reply, into: request)
        case .failure(let error): fail(request, error)
        }
        if isCalling { isDecided = true } else { request.waiter?.decided(request) }
    }

    /// The reply as `take.lua` documents it.
    private func read(_ reply: RedisReply, into request: TakeRequest) {
        let windows = request.entries.reduce(0) { $0 + $1.policy.windows.count }
        guard reply.count == 1 + 3 * windows, let admitted = reply[0]?.integer else {
            return fail(request, .unexpectedReply("the admission and three numbers for each of \(windows) windows"))
        }
        for index in 0..<windows {
            guard let remaining = reply[1 + 3 * index]?.integer, let reset = reply[2 + 3 * index]?.integer,
                let wait = reply[3 + 3 * index]?.integer
            else { return fail(request, .unexpectedReply("integers in the reply of take.lua")) }
            request.append(
                TakeRequest.WindowState(remaining: remaining, resetMicroseconds: reset, waitMicroseconds: wait))
        }
        request.conclude(admitted == 1 ? .admitted : .refused)
    }

    private func fail(_ request: TakeRequest, _ error: RedisError) {
        lastFailure = error
        request.conclude(.unavailable)
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
