import NIOCore

/// A load while it runs, confined to one event loop together with the upstream: so sends, arrivals and answers are noted
/// in the order in which they happened, by one clock.
final class LoadRun {
    private let settings: LoadSettings
    private let eventLoop: any EventLoop
    private let headers: String
    private var generator: SeededGenerator
    private var pools: [LoadPool] = []
    private var targets: [LoadTarget] = []
    private var directPool: LoadPool?
    private var started = 0
    private var lastTick = 0
    /// Requests that are due, and a part of the next.
    private var due = 0.0
    private var directDue = 0.0
    private var tick: RepeatedTask?
    private var pending = 0
    private var ended: EventLoopPromise<Void>?

    private(set) var observation = Observation()

    /// Requests that go to the upstream directly, per second.
    private static let directRate = 50.0
    /// After a standstill of this process what was missed is not made up for.
    private static let longestStep = 50_000

    init(_ settings: LoadSettings, on eventLoop: any EventLoop) {
        self.settings = settings
        self.eventLoop = eventLoop
        headers = settings.headers.map { $0 + "\r\n" }.joined()
        generator = SeededGenerator(seed: settings.seed)
    }

    static var now: Int { Int(NIODeadline.now().uptimeNanoseconds / 1000) }

    /// - Parameter upstream: is asked directly now and then, to compare.
    func start(_ targets: [LoadTarget], upstream: LoadTarget?) {
        self.targets = targets
        pools = targets.map { LoadPool($0, limit: settings.connectionsPerNode, on: eventLoop) }
        directPool = upstream.map { LoadPool($0, limit: 4, on: eventLoop) }
        started = Self.now
        lastTick = started
        let run = NIOLoopBound(self, eventLoop: eventLoop)
        tick = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { _ in run.value.beat() }
    }

    /// Sends nothing more; the future is done when all requests have ended.
    func stop() -> EventLoopFuture<Void> {
        tick?.cancel()
        tick = nil
        let promise = eventLoop.makePromise(of: Void.self)
        ended = promise
        if pending == 0 { finish() }
        return promise.futureResult
    }

    /// The upstream received a request.
    func arrived(_ number: Int?) {
        guard let number, observation.requests.indices.contains(number) else { return }
        observation.arrivals += 1
        if observation.requests[number].reached == nil { observation.requests[number].reached = Self.now }
    }

    private func beat() {
        let now = Self.now
        let step = Double(min(now - lastTick, Self.longestStep)) / 1e6
        lastTick = now
        let elapsed = now - started
        due += settings.rate * settings.intensity(at: elapsed) * step
        directDue += Self.directRate * step
        while due >= 1 {
            due -= 1
            send(at: elapsed)
        }
        guard directDue >= 1, let directPool else { return }
        directDue = 0
        askDirectly(directPool)
    }

    private func send(at elapsed: Int) {
        guard observation.requests.count + pending < settings.mostRequests else { return }
        let subject = settings.subject(using: &generator)
        let first = settings.node(at: elapsed, of: pools.count, using: &generator)
        let order = pools.indices.map { (first + $0) % pools.count }
        guard let node = order.first(where: { pools[$0].hasRoom }) else {
            observation.unsent += 1
            return
        }
        pending += 1
        pools[node].take { [self] connection in ask(connection, node: node, subject: subject) }
    }

    private func ask(_ connection: LoadConnection?, node: Int, subject: Int) {
        let index = observation.requests.count
        let head = head(index, node: node, subject: subject)
        observation.requests.append(Observed(node: node, subject: subject, sent: Self.now))
        guard let connection else { return conclude(index, .failed(.unreachable)) }
        connection.send(head, patience: .microseconds(Int64(settings.patience))) { [self] outcome in
            conclude(index, outcome)
            pools[node].give(connection)
        }
    }

    private func head(_ index: Int, node: Int, subject: Int) -> ByteBuffer {
        let path = settings.numbersRequests ? "\(settings.path)/\(index)" : settings.path
        return ByteBuffer(
            string: "GET \(path) HTTP/1.1\r\nHost: \(targets[node].host):\(targets[node].port)\r\n"
                + "\(LoadSettings.subjectHeader): s\(subject)\r\n\(headers)\r\n")
    }

    private func conclude(_ index: Int, _ outcome: LoadConnection.Outcome) {
        observation.requests[index].ended = Self.now
        switch outcome {
        case .answered(let status, let isDegraded):
            observation.requests[index].status = status
            observation.requests[index].isDegraded = isDegraded
        case .failed(let ending): observation.requests[index].ending = ending
        }
        pending -= 1
        if pending == 0, ended != nil { finish() }
    }

    private func askDirectly(_ pool: LoadPool) {
        guard pool.hasRoom else { return }
        pool.take { [self] connection in
            let sent = Self.now
            let head = ByteBuffer(string: "GET /direct HTTP/1.1\r\nHost: upstream\r\n\r\n")
            connection?.send(head, patience: .seconds(2)) { [self] outcome in
                if case .answered = outcome { observation.direct.append(Self.now - sent) }
                if let connection { pool.give(connection) }
            }
        }
    }

    private func finish() {
        let promise = ended
        ended = nil
        for pool in pools { pool.close() }
        directPool?.close()
        promise?.succeed()
    }
}
