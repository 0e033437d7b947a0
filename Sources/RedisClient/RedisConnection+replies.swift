import NIOCore

/// Receiving: each reply goes to the oldest command.
extension RedisConnection {
    func receive(_ bytes: ByteBuffer, from source: RedisChannelHandler) {
        guard source === handler else { return }
        do throws(RedisError) {
            try source.parser.feed(bytes)
            let now = Self.nowMicroseconds
            var isUnasked = false
            // A completion may close the connection, and with it end the reading.
            while source === handler, !isUnasked, try source.parser.next({ isUnasked = !deliver($0, now) }) {}
            if isUnasked { throw .protocolViolation("a reply without a command") }
        } catch {
            handle(.failed(error))
        }
    }

    /// Answers the oldest command; false if there is none.
    private func deliver(_ reply: RedisReply, _ now: Int) -> Bool {
        if let onPush, onPush(reply) { return true }
        guard let slot = pending.removeFirst() else { return false }
        // Nil: it timed out, and this is its late reply.
        guard let completion = slot.completion else { return true }
        let isError = reply.kind == .error
        if isError, slot.command != nil, isSentAgain(slot, reply) { return true }
        if slot.isCounted { count(now - slot.sentMicroseconds, isError: isError) }
        completion(isError ? .failure(.server(reply.text)) : .success(reply))
        if isError, locator?.wantsMaster == true, reply.tellsOfReplica {
            giveUp(.connection("\(address) has become a replica"))
        }
        return true
    }

    /// Whether the error is no answer to the caller: the command goes out again, here or elsewhere.
    private func isSentAgain(_ slot: PendingCommands.Slot, _ reply: RedisReply) -> Bool {
        if reply.bytes.starts(with: "NOSCRIPT".utf8) { return repeatCall(slot) }
        guard let redirector, let redirect = RedisRedirect(reply.text) else { return false }
        return redirector(slot, redirect)
    }

    private func count(_ latency: Int, isError: Bool) {
        counters.replies += 1
        if isError { counters.errors += 1 }
        counters.latencyMicroseconds += latency
        counters.longestLatencyMicroseconds = max(counters.longestLatencyMicroseconds, latency)
    }

    /// Looks for passed deadlines every few milliseconds, but only while commands are pending.
    func scheduleTick() { scheduleTick(isPutOff: false) }

    private func scheduleTick(isPutOff: Bool) {
        guard !isTickScheduled else { return }
        isTickScheduled = true
        let fifth = TimeAmount.nanoseconds(settings.timeout.nanoseconds / 5)
        let interval = max(TimeAmount.milliseconds(1), min(TimeAmount.milliseconds(10), fifth))
        let due = Self.nowMicroseconds + interval.wholeMicroseconds
        eventLoop.assumeIsolated().scheduleTask(in: interval) { self.tick(due: due, isPutOff: isPutOff) }
    }

    private func tick(due: Int, isPutOff: Bool) {
        isTickScheduled = false
        let now = Self.nowMicroseconds
        // A loop that had no time for this had none to read either: what Redis has answered meanwhile is read first.
        if now - due > Self.latenessMicroseconds, !isPutOff, !pending.isEmpty { return scheduleTick(isPutOff: true) }
        for completion in pending.expire(nowMicroseconds: now) {
            counters.timeouts += 1
            completion(.failure(.timeout))
        }
        if let oldest = pending.oldestSentMicroseconds, now - oldest > settings.stallTimeout.wholeMicroseconds {
            handle(.failed(.stalled))
        }
        if !pending.isEmpty { scheduleTick() }
    }

    private static let latenessMicroseconds = 5000
}

extension RedisReply {
    /// A refused write; Redis 6 wraps the error of a script's command in one of the script.
    fileprivate var tellsOfReplica: Bool {
        bytes.starts(with: "READONLY".utf8) || text.contains("-READONLY")
    }
}
