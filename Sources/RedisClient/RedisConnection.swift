import NIOCore

/// One pipelined connection to Redis, confined to its event loop.
///
/// Everything is called on that loop, and completions come there. Each command is answered exactly once: with its reply,
/// or with a failure when its deadline passes, when Redis answers with an error, or when there is no connection; the last
/// before `send` returns. Commands of one turn of the loop leave in one write.
///
/// The server is the one of the settings, the master that sentinels name, or any node of a cluster: `RedisLink` is what
/// reaches all keys of each. It connects by itself, again and again, until it is closed; it must be closed to be let go of.
package final class RedisConnection {
    package typealias Completion = (Result<RedisReply, RedisError>) -> Void

    /// What an observer is told, for logs and readiness.
    package enum Change: Hashable, Sendable {
        case connected
        /// A working connection broke.
        case lost(RedisError)
        /// An attempt to connect failed; the number of attempts since it last worked.
        case unreachable(RedisError, attempt: Int)
        case closed
    }

    package let eventLoop: any EventLoop
    package let settings: RedisSettings
    /// Called on the loop at each change.
    package var onChange: ((Change) -> Void)?
    package internal(set) var counters = RedisCounters()
    /// Looks at what Redis sends unasked, once a channel is subscribed to; false if it is the answer to a command.
    var onPush: ((RedisReply) -> Bool)?

    /// Where the current connection leads, or the latest attempt.
    package internal(set) var address: RedisAddress
    let locator: (any RedisLocator)?
    /// Takes over commands that another server of a cluster is to answer; their bytes are kept for that.
    var redirector: ((PendingCommands.Slot, RedisRedirect) -> Bool)?

    var state: RedisConnectionState
    var channel: (any Channel)?
    /// The handler of the current channel; calls of earlier ones come too late to matter.
    var handler: RedisChannelHandler?
    var pending: PendingCommands
    var output = RedisCommandWriter()
    /// Commands in `output`.
    var unflushedCommands = 0
    var isFlushScheduled = false
    var isTickScheduled = false
    var scripts: [RegisteredScript] = []

    private let timeoutMicroseconds: Int

    package init(_ settings: RedisSettings, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.settings = settings
        address = RedisAddress(host: settings.host, port: settings.port)
        locator = settings.topology.locator(for: settings, on: eventLoop)
        timeoutMicroseconds = settings.timeout.wholeMicroseconds
        pending = PendingCommands(limit: settings.maximumPendingCommands)
        state = RedisConnectionState(
            shortestPauseMicroseconds: settings.shortestBackoff.wholeMicroseconds,
            longestPauseMicroseconds: settings.longestBackoff.wholeMicroseconds)
    }

    /// Whether a command sent now would go out.
    package var isReady: Bool { state.phase == .ready }

    /// Commands without an answer.
    package var pendingCommands: Int { pending.count }

    /// Begins to connect.
    package func start() {
        eventLoop.preconditionInEventLoop()
        locator?.onMove = { [weak self] address in
            if let self, address != self.address { giveUp(.connection("\(address) has become the master")) }
        }
        handle(.start)
    }

    /// Ends the connection for good; what is pending fails.
    package func close() {
        eventLoop.preconditionInEventLoop()
        locator?.close()
        handle(.close)
    }

    /// Ends the connection for a reason that shows only in its use; it is opened anew after a pause.
    func giveUp(_ reason: RedisError) {
        if isReady { handle(.failed(reason)) }
    }

    /// Sends one command, which `write` writes completely: `begin(words:)` and as many words. `write` is not called when
    /// the command can't be sent, and must not use the connection.
    package func send(_ write: (inout RedisCommandWriter) -> Void, completion: @escaping Completion) {
        if let refusal {
            counters.refused += 1
            return completion(.failure(refusal))
        }
        let start = output.buffer.writerIndex
        write(&output)
        enqueue(completion, script: nil, writtenFrom: start, isRepeatable: redirector != nil)
    }

    /// Calls a script: `write` writes its keys and then its arguments. A script that Redis has forgotten is loaded
    /// again, and the call repeated, within its deadline.
    package func call(
        _ id: RedisScriptID, keys: Int, arguments: Int, _ write: (inout RedisCommandWriter) -> Void,
        completion: @escaping Completion
    ) {
        if let refusal {
            counters.refused += 1
            return completion(.failure(refusal))
        }
        let start = output.buffer.writerIndex
        let isDigestKnown = scripts[id.index].call != nil
        output.begin(words: 3 + keys + arguments)
        output.append(scripts[id.index].call ?? scripts[id.index].evaluation)
        output.append(keys)
        write(&output)
        // A server that was asked with the whole script can't have forgotten it, but may have lost its key.
        let isRepeatable = isDigestKnown || redirector != nil
        enqueue(completion, script: isDigestKnown ? id : nil, writtenFrom: start, isRepeatable: isRepeatable)
    }

    /// Why a command can't be sent now.
    private var refusal: RedisError? {
        switch state.phase {
        case .ready: break
        case .closed: return .closed
        case .idle, .connecting, .handshaking, .backingOff: return .disconnected
        }
        let isFull = pending.isFull || output.buffer.readableBytes > settings.maximumOutputBytes
        return isFull ? .overloaded : nil
    }

    private func enqueue(
        _ completion: @escaping Completion, script: RedisScriptID?, writtenFrom start: Int, isRepeatable: Bool
    ) {
        let now = Self.nowMicroseconds
        counters.commands += 1
        enqueue(
            .init(
                completion: completion, sentMicroseconds: now, deadlineMicroseconds: now + timeoutMicroseconds,
                command: isRepeatable ? .init(script: script, range: start..<output.buffer.writerIndex) : nil))
    }

    /// Notes a command that was just written to `output`.
    func enqueue(_ slot: PendingCommands.Slot) {
        precondition(output.missing == 0, "a command was written with \(output.missing) words missing")
        pending.append(slot)
        unflushedCommands += 1
        scheduleFlush()
        scheduleTick()
    }

    static var nowMicroseconds: Int { Int(NIODeadline.now().uptimeNanoseconds / 1000) }
}

extension TimeAmount {
    var wholeMicroseconds: Int { Int(nanoseconds / 1000) }
}
