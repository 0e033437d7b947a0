import GatewayCore
import HTTPWire
import JSON
import NIOCore
import Policies

/// One request of a step: an exchange of its own towards the step's service, whose answer is gathered within bounds.
final class StepRequest {
    /// Of answers that are of no use, so much is read to keep the connection.
    private static let mostIgnoredBytes = 64 << 10

    private let place: Int
    private unowned let run: StepRun
    private var body: ByteBuffer
    private(set) var exchange: Exchange!
    private var producer: (any ResponseProducer)?
    private var isBodyPaused = false
    private var isDone = false
    private var gathered: [UInt8] = []
    private var ignoredBytes = 0
    /// Known from the head, and told once the answer has ended.
    private var failure: StepFailure?

    /// - Parameter place: among the requests of its step.
    init(_ place: Int, of run: StepRun, _ written: StepHead.Written) {
        self.place = place
        self.run = run
        body = ByteBuffer(bytes: written.body)
    }

    /// - Parameter limit: how long its service may take, in microseconds; nil: as long as the upstream says.
    func start(_ head: [UInt8], for outer: Exchange, service: any ExchangeService, limit: Int?) {
        exchange = Exchange(downstream: self, peer: outer.peer)
        guard exchange.begin(head, onBehalfOf: outer) else { return done(.failure(.unusableHead)) }
        exchange.timeLimitMicroseconds = limit
        service.serve(exchange)
    }

    /// Nobody wants the answer any more.
    func cancel() {
        guard !isDone else { return }
        isDone = true
        letGo()
    }

    private func letGo() {
        let producer = self.producer
        self.producer = nil
        producer?.clientLost()
    }

    private func done(_ result: Result<RawJSON, StepFailure>) {
        guard !isDone else { return }
        isDone = true
        letGo()
        run.finished(place, result, exchange.record)
    }

    // MARK: The answer

    private func started(status: Int, coding: Bytes?, retryAfter: Bytes?, length: BodyLength) {
        let limit = run.step.maximumBytes
        if !(200...299).contains(status) {
            failure = .refused(status: status, retryAfterSeconds: retryAfter.flatMap { Decimal.parse($0) })
        } else if let coding, !coding.equalsIgnoringCase("identity") {
            failure = .encoded(coding.text)
        } else if case .exactly(let count) = length, count > limit {
            failure = .tooLarge(limit)
        }
    }

    private func received(_ bytes: ByteBuffer) {
        guard !isDone else { return }
        let count = bytes.readableBytes
        if let failure {
            ignoredBytes += count
            if ignoredBytes > Self.mostIgnoredBytes { done(.failure(failure)) }
            return
        }
        guard gathered.count + count <= run.step.maximumBytes else {
            return done(.failure(.tooLarge(run.step.maximumBytes)))
        }
        if let exceeded = run.claim(count) { return done(.failure(exceeded)) }
        gathered += bytes.readableBytesView
    }

    private func completed() {
        if let failure { return done(.failure(failure)) }
        // 204, and whatever else has nothing to say.
        if gathered.isEmpty { return done(.success(.null)) }
        do throws(JSONFailure) {
            done(.success(try RawJSON(checking: gathered)))
        } catch {
            done(.failure(.notJSON(error)))
        }
    }
}

extension StepRequest: Downstream {
    func send(_ reply: Reply, for exchange: Exchange) {
        producer = nil
        done(
            .failure(
                .noAnswer(
                    exchange.record.failure, status: reply.status,
                    retryAfterSeconds: Self.retryAfter(in: exchange.responseLines.bytes))))
    }

    /// The first of complete field lines that says so.
    private static func retryAfter(in lines: Bytes) -> Int? {
        for line in lines.split(separator: 0x0A) where line.starts(with: "Retry-After: ".utf8) {
            let digits = line.dropFirst(13).prefix { (0x30...0x39).contains($0) }
            return Int(String(decoding: digits, as: UTF8.self))
        }
        return nil
    }

    func interim(_ head: ResponseHead) {}

    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool) {
        if isComplete { producer = nil }
        guard !isDone else { return }
        started(
            status: head.status, coding: head.fields.first("content-encoding"),
            retryAfter: head.fields.first("retry-after"), length: head.body)
        if let body { received(body) }
        if isComplete { completed() }
    }

    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool) {
        if isComplete { producer = nil }
        guard !isDone else { return }
        started(status: head.status, coding: Self.coding(in: head.lines), retryAfter: nil, length: head.length)
        if let body { received(body.buffer) }
        if isComplete { completed() }
    }

    private static func coding(in lines: Bytes) -> Bytes? {
        var start = 0
        for index in 0..<lines.count where lines[index] == 0x0A {
            let line = lines.slice(start, index + 1 - start)
            start = index + 1
            guard line.count > 19, line.slice(0, 17).equalsIgnoringCase("content-encoding:") else { continue }
            return line.slice(17, line.count - 19).trimmed
        }
        return nil
    }

    func write(_ body: ByteBuffer) { received(body) }

    func end(trailers: [UInt8]) {
        producer = nil
        if !isDone { completed() }
    }

    func abort(_ failure: Failure) {
        producer = nil
        done(.failure(.noAnswer(failure, status: failure.reply?.status ?? 502, retryAfterSeconds: nil)))
    }

    func attach(_ producer: any ResponseProducer) {
        self.producer = producer
        sendBody()
    }

    var isWritable: Bool { true }

    func pauseBody() { isBodyPaused = true }

    func resumeBody() {
        isBodyPaused = false
        sendBody()
    }

    /// At once: it is no longer than what a template makes of bounded answers.
    private func sendBody() {
        guard !isBodyPaused, body.readableBytes > 0, let producer else { return }
        let whole = body
        body = ByteBuffer()
        producer.receiveBody(whole, isEnd: true, trailers: [])
    }

    func abandonedExchangeEnded(_ exchange: Exchange) {}
}
