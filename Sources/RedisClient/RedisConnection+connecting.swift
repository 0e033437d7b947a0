import Encryption
import NIOCore
import NIOPosix

/// Running the state machine: its actions on sockets, timers and callers.
extension RedisConnection {
    func handle(_ event: RedisConnectionState.Event) {
        let actions = state.handle(event, jitter: .random(in: 0..<1))
        if actions.closeChannel { closeChannel() }
        if let change = actions.report { report(change) }
        if let error = actions.failPending { failPending(error) }
        if actions.connect { connect() }
        if actions.sendHandshake { sendHandshake() }
        if let pause = actions.pauseMicroseconds {
            eventLoop.assumeIsolated().scheduleTask(in: .microseconds(Int64(pause))) { self.handle(.pauseEnded) }
        }
    }

    private func connect() {
        guard let locator else { return connect(to: address) }
        locator.locate { [self] result in
            guard state.phase == .connecting else { return }
            switch result {
            case .success(let address): connect(to: address)
            case .failure(let error): handle(.failed(error))
            }
        }
    }

    private func connect(to address: RedisAddress) {
        self.address = address
        let attempt = ClientBootstrap(group: eventLoop)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(settings.connectTimeout)
            .connect(host: address.host, port: address.port)
        attempt.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.open(channel)
            case .failure(let error): self.handle(.failed(.connection(Self.reason(of: error))))
            }
        }
    }

    /// Adopts a connected channel. Redis does not speak first, so nothing was missed.
    private func open(_ channel: any Channel) {
        let handler = RedisChannelHandler(self, maximumReplyBytes: settings.maximumReplyBytes)
        guard state.phase == .connecting, channel.isActive,
            (try? addHandlers(handler, to: channel.pipeline.syncOperations)) != nil
        else {
            channel.close(promise: nil)
            return handle(.failed(.connection("the connection was closed at once")))
        }
        self.channel = channel
        self.handler = handler
        handle(.opened)
    }

    private func addHandlers(
        _ handler: RedisChannelHandler, to pipeline: ChannelPipeline.SynchronousOperations
    ) throws {
        if let tls = settings.tls { try pipeline.addHandler(tls.makeHandler(for: address.host)) }
        try pipeline.addHandler(handler)
    }

    /// All in one write: credentials, database, name, scripts, and a PING that tells whether commands are accepted.
    private func sendHandshake() {
        var first: RedisError?
        func note(_ error: RedisError?) { first = first ?? (error == .timeout ? unanswered : error) }
        if let password = settings.password {
            greet(["AUTH"] + (settings.username.map { [$0] } ?? []) + [password], note)
        }
        if settings.database != 0 { greet(["SELECT", String(settings.database)], note) }
        // A name is a service to whoever reads CLIENT LIST; a server that refuses it is as good.
        greet(["CLIENT", "SETNAME", settings.clientName]) { _ in }
        if locator?.wantsMaster == true { checkRole(note) }
        for index in scripts.indices { load(RedisScriptID(index: index), completion: note) }
        greet(["PING"]) { [self] error in
            note(error)
            handle(first.map { .failed($0) } ?? .greeted)
        }
    }

    /// A server that waits for a client to speak plainly does not answer a TLS handshake.
    private var unanswered: RedisError {
        let advice = settings.tls == nil ? "" : "; check that it speaks TLS"
        return .connection("\(address) takes connections, but does not answer\(advice)")
    }

    private func greet(_ words: [String], _ note: @escaping (RedisError?) -> Void) {
        output.begin(words: words.count)
        for word in words { output.append(word) }
        enqueueInternal { result in
            if case .failure(let error) = result { note(error) } else { note(nil) }
        }
    }

    /// A sentinel may name a server that has not become the master yet, or is none any more.
    private func checkRole(_ note: @escaping (RedisError?) -> Void) {
        output.begin(words: 1)
        output.append("ROLE")
        enqueueInternal { [self] result in
            switch result {
            case .success(let reply) where reply[0]?.text == "master": note(nil)
            case .success: note(.connection("\(address) is not the master"))
            case .failure(let error): note(error)
            }
        }
    }

    /// The channel broke or ended.
    func lost(_ source: RedisChannelHandler, _ reason: RedisError) {
        guard source === handler else { return }
        handle(.failed(reason))
    }

    private func closeChannel() {
        let closing = channel
        channel = nil
        handler = nil
        closing?.close(promise: nil)
    }

    private func failPending(_ error: RedisError) {
        _ = output.take()
        unflushedCommands = 0
        for slot in pending.removeAll() {
            guard let completion = slot.completion else { continue }
            if slot.isCounted { counters.lost += 1 }
            completion(.failure(error))
        }
    }

    private func report(_ change: Change) {
        if change == .connected { counters.connects += 1 }
        onChange?(change)
    }

    /// The system's reason, without NIO's wrapping.
    static func reason(of error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            let reasons = error.connectionErrors.map { "\($0.target): \(reason(of: $0.error))" }
            return reasons.isEmpty ? "no address for \(error.host)" : reasons.joined(separator: "; ")
        }
        if let reason = TLSFailure.reason(of: error) { return reason }
        if let error = error as? IOError { return error.description }
        if case ChannelError.connectTimeout = error { return "no answer within the time to connect" }
        return "\(error)"
    }
}
