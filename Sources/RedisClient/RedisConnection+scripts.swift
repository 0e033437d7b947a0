import NIOCore

/// Scripts: loaded at each handshake, and again whenever Redis has forgotten one (`SCRIPT FLUSH`, a failover).
extension RedisConnection {
    /// Makes a script callable; it is loaded whenever the connection is made. To be called once for each script.
    package func register(_ script: RedisScript) -> RedisScriptID {
        let id = RedisScriptID(index: scripts.count)
        scripts.append(RegisteredScript(script))
        if state.phase == .ready || state.phase == .handshaking { load(id) { _ in } }
        return id
    }

    /// Sends `SCRIPT LOAD`, whose reply is the digest that calls use from then on.
    func load(_ id: RedisScriptID, completion: @escaping (RedisError?) -> Void) {
        scripts[id.index].isLoading = true
        output.begin(words: 3)
        output.append("SCRIPT")
        output.append("LOAD")
        scripts[id.index].script.source.withUnsafeBytes { output.append($0) }
        enqueueInternal { [self] result in
            scripts[id.index].isLoading = false
            switch result {
            case .success(let reply):
                scripts[id.index].call = RedisCommandWriter.encoding(["EVALSHA", reply.text])
                completion(nil)
            case .failure(let error):
                completion(error)
            }
        }
    }

    /// Sends a call again, behind a `SCRIPT LOAD`; false if that can't be, or was done already.
    func repeatCall(_ slot: PendingCommands.Slot) -> Bool {
        guard let command = slot.command, let script = command.script, !command.isReloaded, isReady else {
            return false
        }
        if !scripts[script.index].isLoading { load(script) { _ in } }
        var repeated = slot
        repeated.command?.isReloaded = true
        repeated.command?.isRepeated = true
        guard sendAgain(repeated) else { return false }
        counters.scriptReloads += 1
        return true
    }

    /// Sends a command whose bytes were kept, which this or another server did not do; false if that can't be now.
    func sendAgain(_ slot: PendingCommands.Slot) -> Bool {
        guard let command = slot.command, let bytes = command.bytes, isReady, !pending.isFull else { return false }
        if command.isAsking {
            output.begin(words: 1)
            output.append("ASKING")
            enqueueInternal { _ in }
        }
        output.appendCommands(bytes)
        enqueue(slot)
        return true
    }

    /// Notes a command of the connection's own that was just written: it may take as long as connecting.
    func enqueueInternal(_ completion: @escaping Completion) {
        let now = Self.nowMicroseconds
        enqueue(
            .init(
                completion: completion, sentMicroseconds: now,
                deadlineMicroseconds: now + settings.connectTimeout.wholeMicroseconds, isCounted: false))
    }
}
