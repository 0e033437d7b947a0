import GatewayCore
import HTTPWire
import Policies
import RedisClient
import Telemetry

/// The shared buckets: one script call in Redis per request, whatever the number of its policies and windows.
package final class RedisRateLimitStore: RateLimitStore {
    private let connection: RedisLink
    private let script: RedisScriptID
    /// As leases and places are named.
    private let holder: [UInt8]
    /// `<namespace>:bucket:{` and `<namespace>:concurrency:{`
    private let bucketStart: [UInt8]
    private let placesStart: [UInt8]
    private let subjectKey = SubjectKey()
    private let key = ByteBuilder(capacity: 256)
    private let arguments: LimitArguments
    private let places: HeldPlaces
    private let metrics: WorkerMetrics
    /// Whether a call is being made: a completion that comes meanwhile is the answer to this very call.
    private var isCalling = false
    private var isDecided = false
    /// Why the latest request that could not be decided was not; for logs.
    package private(set) var lastFailure: RedisError?

    /// - Parameters:
    ///   - namespace: the first part of every key.
    ///   - holder: names this worker among all of the cluster, and this start of it among all: `node-1/0-5f3a`.
    package convenience init(connection: RedisLink, namespace: String, holder: String, metrics: WorkerMetrics) {
        self.init(
            connection: connection, namespace: namespace, holder: holder, metrics: metrics,
            source: PackageResources.take_lua)
    }

    /// - Parameters:
    ///   - source: of the script; tests wrap it to set its clock.
    ///   - wallClock: of calendars, in microseconds since 1970.
    init(
        connection: RedisLink, namespace: String, holder: String, metrics: WorkerMetrics, source: [UInt8],
        wallClock: @escaping () -> Int = CalendarPeriods.wallClock
    ) {
        self.connection = connection
        self.metrics = metrics
        // A list of holders has blanks between them.
        let holder = String(holder.map { $0.isWhitespace ? "_" : $0 })
        self.holder = Array(holder.utf8)
        bucketStart = Array("\(namespace):bucket:{".utf8)
        placesStart = Array("\(namespace):concurrency:{".utf8)
        arguments = LimitArguments(wallClock: wallClock)
        script = connection.register(RedisScript(name: "take", source: source))
        places = HeldPlaces(link: connection, holder: holder)
    }

    package func take(_ request: TakeRequest) -> Bool {
        isCalling = true
        isDecided = false
        ask(request, isRepeated: false)
        isCalling = false
        return isDecided
    }

    package func release(slot: Int) { places.release(slot) }

    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        guard !policy.windows.isEmpty else { return }
        let words = arguments.words(of: policy)
        connection.call(script, keys: 1, arguments: 6 + words.words) { writer in
            appendKey(bucketStart, policy, subject, to: &writer)
            writer.append(holder)
            writer.append(0)
            appendStep(cost: amount, ask: nil, mode: 2, places: 0, words, to: &writer)
        } completion: { _ in
        }
    }

    // MARK: The question

    private func ask(_ request: TakeRequest, isRepeated: Bool) {
        var (keys, words, isPlaced) = (0, 2, false)
        for entry in request.entries {
            let hasPlaces = entry.placeLimit != nil
            isPlaced = isPlaced || hasPlaces
            keys += (entry.policy.windows.isEmpty ? 0 : 1) + (hasPlaces ? 1 : 0)
            words += 4 + (entry.ask == nil ? 0 : 4) + arguments.words(of: entry.policy).words
        }
        let serial = isPlaced ? places.nextSerial() : 0
        let asked = MonotonicClock.microseconds()
        connection.call(script, keys: keys, arguments: words) { writer in
            write(request, serial, to: &writer)
        } completion: { [self] result in
            metrics.values.redis.note(result, microseconds: MonotonicClock.microseconds() &- asked)
            conclude(request, result, serial: serial, isRepeated: isRepeated)
        }
    }

    private func write(_ request: TakeRequest, _ serial: Int, to writer: inout RedisCommandWriter) {
        for entry in request.entries {
            let subject = request.subject(of: entry)
            if !entry.policy.windows.isEmpty { appendKey(bucketStart, entry.policy, subject, to: &writer) }
            if entry.placeLimit != nil { appendKey(placesStart, entry.policy, subject, to: &writer) }
        }
        writer.append(holder)
        writer.append(serial)
        for entry in request.entries {
            appendStep(
                cost: entry.cost, ask: entry.ask, mode: entry.policy.isShadow ? 1 : 0,
                places: entry.placeLimit ?? 0, arguments.words(of: entry.policy), to: &writer)
        }
    }

    private func setKey(_ start: [UInt8], _ policy: LimitPolicy, _ subject: Bytes) {
        key.removeAll()
        key.append(start)
        key.append(policy.keyStart)
        subjectKey.append(subject, to: key)
        key.append(0x7D)
    }

    private func appendKey(
        _ start: [UInt8], _ policy: LimitPolicy, _ subject: Bytes, to writer: inout RedisCommandWriter
    ) {
        setKey(start, policy, subject)
        writer.append(UnsafeRawBufferPointer(key.bytes))
    }

    private func appendStep(
        cost: Int, ask: TakeRequest.LeaseAsk?, mode: Int, places: Int, _ windows: RedisCommandWriter.Encoded,
        to writer: inout RedisCommandWriter
    ) {
        writer.append(cost)
        if let ask {
            writer.append(1)
            writer.append(ask.want)
            writer.append(ask.held)
            writer.append(ask.returned)
            writer.append(ask.sequence)
        } else {
            writer.append(0)
        }
        writer.append(mode)
        writer.append(places)
        writer.append(windows)
    }

    // MARK: The answer

    private func conclude(
        _ request: TakeRequest, _ result: Result<RedisReply, RedisError>, serial: Int, isRepeated: Bool
    ) {
        switch result {
        case .success(let reply) where reply[0]?.integer == -1 && !isRepeated:
            arguments.noteServerTime(Int(reply[1]?.text ?? "") ?? 0)
            return ask(request, isRepeated: true)
        case .success(let reply):
            if !read(reply, into: request) {
                fail(request, .unexpectedReply("what take.lua says of \(request.entries.count) limits"))
            }
        case .failure(let error): fail(request, error)
        }
        if serial > 0 { settlePlaces(request, serial) }
        if isCalling { isDecided = true } else { request.waiter?.decided(request) }
    }

    private func settlePlaces(_ request: TakeRequest, _ serial: Int) {
        var keys: [[UInt8]] = []
        for entry in request.entries where entry.placeLimit != nil {
            // Who found no place, and was let pass for it is only watched, has none.
            if request.outcome == .admitted, entry.places?.isFull ?? true { continue }
            setKey(placesStart, entry.policy, request.subject(of: entry))
            keys.append(Array(key.bytes))
        }
        switch request.outcome {
        case .admitted where !keys.isEmpty:
            places.hold(serial, keys: keys)
            request.slot = serial
        // The script may have run all the same; what it took would be held until it lapses.
        case .unavailable: places.giveBack(serial, keys: keys)
        case .admitted, .refused: break
        }
    }

    /// The reply as `take.lua` documents it; false if it is not like that.
    private func read(_ reply: RedisReply, into request: TakeRequest) -> Bool {
        guard let admitted = reply[0]?.integer, admitted >= 0 else { return false }
        var next = 1
        func three() -> (Int, Int, Int)? {
            guard let first = reply[next]?.integer, let second = reply[next + 1]?.integer,
                let third = reply[next + 2]?.integer
            else { return nil }
            next += 3
            return (first, second, third)
        }
        for index in request.entries.indices {
            let entry = request.entries[index]
            for _ in entry.policy.windows {
                guard let (remaining, reset, wait) = three() else { return false }
                request.append(
                    TakeRequest.WindowState(remaining: remaining, resetMicroseconds: reset, waitMicroseconds: wait))
            }
            if entry.placeLimit != nil {
                guard let free = reply[next]?.integer, let isFull = reply[next + 1]?.integer else { return false }
                next += 2
                request.entries[index].places = TakeRequest.PlaceState(remaining: free, isFull: isFull == 1)
            }
            if entry.ask != nil {
                guard let (granted, kept, lifetime) = three() else { return false }
                request.entries[index].grant =
                    granted < 0
                    ? nil
                    : TakeRequest.LeaseGrant(
                        granted: granted, isHeldKept: kept == 1, lifetimeMicroseconds: lifetime)
            }
        }
        guard next == reply.count else { return false }
        request.conclude(admitted == 1 ? .admitted : .refused)
        return true
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
