import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// One exchange being forwarded: picks a target, sends the request, streams the response, and settles with the breaker.
///
/// Attempts are reused by their worker. Whatever reaches one late is told apart by `serial`.
final class Attempt: ResponseProducer {
    /// `resting`: about to be made again.
    enum State { case idle, connecting, exchanging, responding, resting }

    /// Bodies up to this size leave in one write with their head.
    private static let joinLimit = 32 * 1024

    let worker: Worker
    private(set) var serial = 0
    var state = State.idle
    var exchange: Exchange!
    var upstream: Upstream!
    var gate: (any AttemptGate)?
    var token = 0
    var pool: (any TargetConnections)?
    var connection: (any UpstreamLink)?
    var startedMicroseconds = 0
    /// Targets that this attempt could not connect to, and those that it has tried for nothing, by bits.
    var unreachable: UInt64 = 0
    var tried: UInt64 = 0
    var tries = 0
    var retries = 0
    /// The body so far, as long as it can be sent again.
    var replay = BodyReplay()
    /// Of the upstream, also while no report to it is due.
    var breaker: (any AttemptGate)?
    var isHeadPending = false
    var joined = ByteBuffer()
    var isRequestEnded = false
    /// Made when the attempt has to queue for a connection, or is bounded as a whole.
    var deadline: Deadline?
    var isQueued = false
    /// When the attempt has to be over, of the monotonic clock; nil: never.
    var endsMicroseconds: Int?
    /// A second attempt beside this one; and what tells that it is time for one.
    var hedge: Hedge?
    var hedgeTimer: HedgeTimer?
    /// It is a second attempt itself.
    var isHedge = false
    /// It holds a place of the upstream's adaptive limit.
    var holdsPlace = false

    private init(worker: Worker) { self.worker = worker }

    /// - Parameter hedging: the attempt is a second one beside another; its targets, by bits.
    static func start(
        _ exchange: Exchange, upstream: Upstream, gate: (any AttemptGate)?, token: Int, on worker: Worker,
        hedging: UInt64? = nil
    ) {
        let attempt = worker.idleAttempts.popLast() ?? Attempt(worker: worker)
        attempt.exchange = exchange
        attempt.upstream = upstream
        attempt.gate = gate
        attempt.breaker = gate
        attempt.token = token
        attempt.unreachable = 0
        attempt.tried = hedging ?? 0
        attempt.isHedge = hedging != nil
        attempt.holdsPlace = upstream.concurrency != nil
        attempt.tries = 0
        attempt.retries = 0
        if let settings = upstream.settings.retries, hedging == nil {
            upstream.retryBudget.earn()
            attempt.replay.begin(limit: settings.bodyBytes)
        }
        attempt.startedMicroseconds = MonotonicClock.microseconds()
        attempt.endsMicroseconds = nil
        exchange.record.upstreamIndex = upstream.metricsIndex
        attempt.boundTime()
        if let hedging = upstream.settings.hedge, !attempt.isHedge { attempt.awaitLateness(hedging) }
        attempt.connect(fresh: false)
    }

    // MARK: Connecting

    func connect(fresh: Bool) {
        state = .connecting
        tries += 1
        exchange.record.attempts = tries
        guard let target = fresh ? pool : pick() else { return fail(.noTarget) }
        pool = target
        // The client's departure has to be heard of while waiting; its body stays where it is until there is a connection.
        if exchange.request.body != .none { exchange.downstream.pauseBody() }
        exchange.downstream.attach(self)
        target.acquire(for: self, fresh: fresh)
    }

    /// A retry goes to a target that was not tried yet, if there is one.
    private func pick() -> (any TargetConnections)? {
        if tried == 0 { return upstream.pick(for: exchange, excluding: unreachable) }
        return upstream.pick(for: exchange, excluding: unreachable | tried)
            ?? upstream.pick(for: exchange, excluding: isHedge ? unreachable : 0)
    }

    /// All connections are busy: waits for one as long as it would wait for an answer.
    func queued() {
        isQueued = true
        setDeadline(upstream.settings.responseTimeoutMicroseconds)
    }

    private func leaveQueue() {
        isQueued = false
        if endsMicroseconds != nil { setDeadline(.max) } else if let deadline { worker.deadlines.remove(deadline) }
    }

    /// Within `limit`, or at the end of the whole if that is sooner.
    func setDeadline(_ limit: Int) {
        let deadline = self.deadline ?? Deadline(owner: self)
        self.deadline = deadline
        let left = endsMicroseconds.map { max($0 - MonotonicClock.microseconds(), 1) } ?? .max
        worker.deadlines.set(deadline, microsecondsFromNow: min(limit, left))
    }

    /// What the upstream allows, or less if a gRPC client waits no longer.
    private func boundTime() {
        let own = upstream.settings.totalTimeoutMicroseconds
        let asked = exchange.peer.isHTTP2 ? GRPCTimeout.of(exchange.request.fields) : nil
        let left = exchange.timeLimitMicroseconds
        let told = upstream.settings.deadlineHeader.flatMap { RequestDeadline.of(exchange.request.fields, header: $0) }
        guard own != nil || asked != nil || left != nil || told != nil else { return }
        let limit = min(own ?? .max, asked ?? .max, left ?? .max, told ?? .max)
        endsMicroseconds = startedMicroseconds + limit
        setDeadline(limit)
    }

    /// The client says that it takes trailers (RFC 9110 §10.1.4).
    var acceptsTrailers: Bool {
        let fields = exchange.request.fields
        for index in 0..<fields.count where fields.slots[index].kind == .hopByHop {
            if fields.name(index).equalsIgnoringCase("te"), fields.value(index).equalsIgnoringCase("trailers") {
                return true
            }
        }
        return false
    }

    func failedToConnect(_ failure: Failure) {
        leaveQueue()
        if failure != .tooManyPending, let index = pool?.index { upstream.ejections?.note(index, isSuccess: false) }
        if failure != .tooManyPending, let index = pool?.index, index < 64 {
            // Nothing was sent, so any other target may be asked, whatever the method.
            unreachable |= 1 << UInt64(index)
            if tries < 3, upstream.pools.indices.contains(where: { $0 < 64 && unreachable & (1 << UInt64($0)) == 0 }) {
                return connect(fresh: false)
            }
        }
        if failure != .tooManyPending, isMadeAgain(after: .connect, failure) { return }
        fail(failure)
    }

    func connected(_ connection: any UpstreamLink) {
        leaveQueue()
        self.connection = connection
        state = .exchanging
        isRequestEnded = exchange.request.body == .none
        connection.begin(self, answersHEAD: exchange.request.isHEAD)
        if isRequestEnded {
            connection.send(forwardedHead(reusing: true), isEnd: true)
            return
        }
        // What has come of the body joins the head in one write.
        isHeadPending = true
        joined = forwardedHead(reusing: false)
        for (bytes, isEnd) in replay.pieces where self.connection === connection { sendBody(bytes, isEnd: isEnd) }
        if !isRequestEnded, self.connection === connection { exchange.downstream.resumeBody() }
        if isHeadPending, self.connection === connection { sendJoined(isEnd: false) }
    }

    private func forwardedHead(reusing: Bool) -> ByteBuffer {
        let request = exchange.request
        let lines = exchange.requestLines
        // Each attempt has less time than the one before.
        let ownLines = lines.count
        if let header = upstream.settings.deadlineHeader { tellDeadline(header) }
        defer { lines.truncate(to: ownLines) }
        let capacity = request.forwardedCapacity(extra: exchange.requestLines.count)
        if reusing {
            return worker.buffers.fill(capacity: capacity) {
                request.writeForwarded(to: &$0, adding: exchange.requestLines.bytes)
            }
        }
        var buffer = ByteBufferAllocator().buffer(capacity: capacity + 4096)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) { raw in
            var writer = HeadWriter(raw)
            request.writeForwarded(to: &writer, adding: exchange.requestLines.bytes)
            return writer.count
        }
        return buffer
    }

    private func tellDeadline(_ header: [UInt8]) {
        let left = endsMicroseconds.map { $0 - MonotonicClock.microseconds() } ?? .max
        RequestDeadline.append(
            min(left, upstream.settings.responseTimeoutMicroseconds), to: exchange.requestLines,
            exchange.request.fields, header: header,
            isGRPC: exchange.peer.isHTTP2 && Reply.isGRPC(exchange.request.fields))
    }

    private func sendJoined(isEnd: Bool) {
        isHeadPending = false
        let buffer = joined
        joined = ByteBuffer()
        connection?.send(buffer, isEnd: isEnd)
    }

    // MARK: The request body

    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8]) {
        guard connection != nil, state == .exchanging || state == .responding else { return }
        if let observer = exchange.bodyObserver { observer.bodyContinued(bytes, isEnd: isEnd) }
        if upstream.settings.retries != nil {
            let before = replay.heldBytes
            replay.keep(bytes, isEnd: isEnd, hasTrailers: !trailers.isEmpty)
            worker.memory.add(replay.heldBytes - before)
        }
        sendBody(bytes, isEnd: isEnd, trailers: trailers)
    }

    private func sendBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8] = []) {
        guard let connection else { return }
        let serial = self.serial
        isRequestEnded = isEnd
        var bytes = bytes
        let isChunked = exchange.request.body == .chunked
        if isHeadPending {
            if !isChunked, bytes.readableBytes <= Self.joinLimit {
                joined.writeBuffer(&bytes)
                return sendJoined(isEnd: isEnd)
            }
            sendJoined(isEnd: false)
        }
        if isChunked {
            connection.sendChunk(bytes, isEnd: isEnd, trailers: trailers)
        } else {
            connection.send(bytes, isEnd: isEnd)
        }
        // The write may have failed, and with it this attempt.
        if !isEnd, serial == self.serial, !connection.isWritable { exchange.downstream.pauseBody() }
    }

    func upstreamWritabilityChanged(isWritable: Bool) {
        guard !isRequestEnded else { return }
        if isWritable { exchange.downstream.resumeBody() } else { exchange.downstream.pauseBody() }
    }

    func clientWritabilityChanged(isWritable: Bool) { connection?.pauseReading(!isWritable) }

    func clientLost() {
        gate?.cancel(token)
        letGo()
        release()
    }

    // MARK: The response

    func interim(_ head: ResponseHead) { exchange.downstream.interim(head) }

    func responseStarted(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        state = .responding
        let duration = MonotonicClock.microseconds() &- startedMicroseconds
        exchange.record.upstreamMicroseconds = duration
        let isSuccess = head.status < 500
        endRace()
        upstream.answered(after: duration, status: head.status)
        gate?.report(token, isSuccess: isSuccess, durationMicroseconds: duration)
        gate = nil
        if let ejections = upstream.ejections, let pool { ejections.note(pool.index, isSuccess: isSuccess) }
        if let settings = upstream.settings.retries, isMadeAgain(after: head, isComplete, settings) { return }
        if exchange.replacesCORS { head.fields.drop(prefix: "access-control-") }
        let downstream = exchange.downstream
        if let observer = exchange.responseObserver {
            observer.responseStarted(head, for: exchange)
            if let body { observer.responseContinued(body) }
            if isComplete { observer.responseEnded() }
        }
        if head.fields.first(.date) == nil { addDate() }
        if isComplete {
            release()
        } else if !downstream.isWritable {
            connection?.pauseReading(true)
        }
        downstream.respond(head, body: body, isComplete: isComplete)
    }

    /// RFC 9110 §6.6.1: who passes on a response without a date says when it came.
    private func addDate() {
        exchange.responseLines.append("Date: ")
        worker.date.withBytes { exchange.responseLines.append($0) }
        exchange.responseLines.append("\r\n")
    }

    /// The upstream has changed to the protocol that the client asked for: bytes go both ways until one side ends it.
    func tunnelStarted(_ head: ResponseHead, body: ByteBuffer?) {
        isRequestEnded = false
        let lines = exchange.responseLines
        lines.append("Connection: Upgrade\r\nUpgrade: ")
        for index in 0..<head.fields.count where head.fields.name(index).equalsIgnoringCase("upgrade") {
            lines.append(head.fields.value(index))
        }
        lines.append("\r\n")
        if endsMicroseconds != nil {
            endsMicroseconds = nil
            leaveQueue()
        }
        responseStarted(head, body: body, isComplete: false)
    }

    var wantsTunnel: Bool { exchange.tunnel != nil }

    /// The connection has all of the response and may serve another attempt from now on.
    func connectionFinished() { connection = nil }

    func responseContinued(_ bytes: ByteBuffer) {
        guard state == .responding else { return }
        exchange.responseObserver?.responseContinued(bytes)
        exchange.downstream.write(bytes)
    }

    func responseEnded(trailers: [UInt8]) {
        guard state == .responding else { return }
        let downstream = exchange.downstream
        connection = nil
        exchange.responseObserver?.responseEnded()
        release()
        downstream.end(trailers: trailers)
    }

    /// The connection failed and has been taken away already.
    func connectionLost(_ failure: Failure) {
        guard let lost = connection else { return }
        connection = nil
        if state == .responding {
            let downstream = exchange.downstream
            release()
            return downstream.abort(failure)
        }
        // A pooled connection that the target closed just before it was used: nobody has seen the request, or it does no
        // harm to send it again (RFC 9110 §9.2.2, RFC 9112 §9.3.1).
        let isStale = failure == .connectionLost && lost.servedCount > 1 && !lost.hasResponseBytes
        if isStale, tries < 3, exchange.request.body == .none, exchange.request.isIdempotent {
            return connect(fresh: true)
        }
        if failure.origin == .upstream, let pool { upstream.ejections?.note(pool.index, isSuccess: false) }
        switch failure {
        case .connectionLost where isMadeAgain(after: .reset, failure): return
        case .responseTimeout where isMadeAgain(after: .timeout, failure): return
        default: fail(failure)
        }
    }

    private func fail(_ failure: Failure) {
        let exchange = self.exchange!
        exchange.record.failure = failure
        report(failure)
        if failure == .responseTimeout {
            upstream.timedOut(after: MonotonicClock.microseconds() &- startedMicroseconds)
        }
        let isTakenOver = hedge?.takeOver() ?? false
        release()
        if !isTakenOver, let reply = failure.reply { exchange.answer(reply) }
    }

    func report(_ failure: Failure) {
        if failure.origin == .upstream {
            let duration = MonotonicClock.microseconds() &- startedMicroseconds
            gate?.report(token, isSuccess: false, durationMicroseconds: duration)
        } else {
            gate?.cancel(token)
        }
        gate = nil
    }

    // MARK: Reuse

    /// Parts from the connection, or from the queue for one.
    func letGo() {
        connection?.abandon()
        connection = nil
        if state == .connecting { pool?.forget(self) }
    }

    func release() {
        guard state != .idle else { return }
        endsMicroseconds = nil
        leaveQueue()
        endRace()
        hedge = nil
        if holdsPlace { upstream.concurrency?.end() }
        holdsPlace = false
        state = .idle
        serial &+= 1
        exchange = nil
        upstream = nil
        gate = nil
        breaker = nil
        pool = nil
        if replay.heldBytes > 0 { worker.memory.add(-replay.heldBytes) }
        replay.end()
        joined = ByteBuffer()
        isHeadPending = false
        if worker.idleAttempts.count < 1024 { worker.idleAttempts.append(self) }
    }
}

extension Attempt: DeadlineOwner {
    func deadlineReached() {
        let isOver = endsMicroseconds.map { MonotonicClock.microseconds() >= $0 } ?? false
        if isOver { hedge?.cancel() }
        if isQueued {
            // No connection became free in time.
            pool?.forget(self)
            return fail(isOver ? .responseTimeout : .tooManyPending)
        }
        if state == .resting, !isOver {
            leaveQueue()
            return connect(fresh: false)
        }
        guard isOver else { return endsMicroseconds == nil ? () : setDeadline(.max) }
        let downstream = exchange.downstream
        let wasResponding = state == .responding
        letGo()
        guard wasResponding else { return fail(.responseTimeout) }
        release()
        downstream.abort(.bodyTimeout)
    }
}
