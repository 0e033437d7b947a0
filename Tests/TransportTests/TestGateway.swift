import Dispatch
import GatewayCore
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Transport

/// One worker that forwards whatever arrives to one upstream, on an event loop of its own.
final class TestGateway: Sendable {
    struct Parts {
        let worker: Worker
        let upstream: Upstream
        let entry: TestEntry
        let gate: TestGate
        let listener: Listener
    }

    /// What a test may change.
    struct Options: Sendable {
        var limits = TransportLimits()
        var settings: UpstreamSettings
        var maximumConnections = 1000
        var ejections: TargetEjections?
        /// Size of the kernel's send buffer towards clients; nil leaves it to the kernel.
        var sendBuffer: Int?
        /// Made on the loop, for each gateway anew.
        var filters: @Sendable () -> [any RequestFilter] = { [] }
    }

    let port: Int
    let openConnections: ConnectionCount
    private let loop: any EventLoop
    private let parts: NIOLoopBound<Parts>

    fileprivate init(_ options: Options, on loop: any EventLoop) async throws {
        self.loop = loop
        let openConnections = ConnectionCount(maximum: options.maximumConnections)
        self.openConnections = openConnections
        parts = try await loop.flatSubmit {
            let worker = Worker(loop: loop, index: 0, limits: options.limits)
            let gate = TestGate()
            let upstream = Upstream(
                settings: options.settings, metricsIndex: 7, worker: worker, ejections: options.ejections)
            let service = ForwardService(upstream: upstream, gate: gate, worker: worker)
            let plan = RoutePlan(name: "test", metricsIndex: 0, filters: options.filters(), service: service)
            let entry = TestEntry(plan: plan, sendBuffer: options.sendBuffer)
            worker.entry = entry
            worker.start {}
            let made = NIOLoopBound((worker, upstream, entry, gate), eventLoop: loop)
            return Listener.bind(
                host: "127.0.0.1", port: 0, admission: ClientAdmission(worker: worker, count: openConnections)
            )
            .map { listener in
                let (worker, upstream, entry, gate) = made.value
                let parts = Parts(worker: worker, upstream: upstream, entry: entry, gate: gate, listener: listener)
                return NIOLoopBound(parts, eventLoop: loop)
            }
        }.get()
        let bound = parts
        port = try await loop.submit { bound.value.listener.port }.get()
    }

    /// A new connection of a client.
    func client(timeout: Duration = .seconds(10)) throws -> RawConnection {
        try RawConnection(port: port, timeout: timeout)
    }

    /// Runs on the worker's loop.
    func onLoop<Result: Sendable>(_ body: @escaping @Sendable (Parts) throws -> Result) async throws -> Result {
        let bound = parts
        return try await loop.submit { try body(bound.value) }.get()
    }

    /// Runs `body` while the loop stands still, so that all that happens meanwhile is found in one turn of it.
    func whileLoopStands(_ body: () throws -> Void) rethrows {
        let entered = DispatchSemaphore(value: 0)
        let leave = DispatchSemaphore(value: 0)
        loop.execute {
            entered.signal()
            leave.wait()
        }
        entered.wait()
        defer { leave.signal() }
        try body()
    }

    /// The records of all exchanges that have ended.
    func records() async throws -> [ExchangeRecord] { try await onLoop { $0.entry.records } }

    func drain() async throws {
        try await parts.value(on: loop) { $0.worker.drain() }
    }

    /// Waits until every exchange has ended, and with it all that it held.
    func settle() async throws {
        do {
            try await eventually("all exchanges, attempts and admissions end", within: .seconds(5)) {
                try await onLoop { $0.isSettled }
            }
        } catch { throw TestFailure("\(error) \(try await onLoop { $0.description })") }
    }

    fileprivate func close() async throws {
        try await parts.value(on: loop) { $0.listener.close() }
        try await onLoop { parts in
            parts.worker.closeAll()
            parts.upstream.close()
        }
        do {
            try await eventually("all connections close", within: .seconds(5)) {
                try await onLoop { $0.isClosed } && openConnections.current == 0
            }
        } catch { throw TestFailure("\(error) \(try await onLoop { $0.description })") }
        try await onLoop { parts in
            parts.worker.stop()
            parts.worker.entry = nil
            // Kept for reuse as long as the worker lives.
            parts.worker.idleAttempts = []
        }
    }

    fileprivate func watch() async throws -> Watch {
        try await onLoop { parts in Watch(worker: parts.worker, upstream: parts.upstream, entry: parts.entry) }
    }
}

extension NIOLoopBound where Value == TestGateway.Parts {
    fileprivate func value(
        on loop: any EventLoop, _ body: @escaping @Sendable (Value) -> EventLoopFuture<Void>
    ) async throws {
        let bound = self
        try await loop.flatSubmit { body(bound.value) }.get()
    }
}

extension TestGateway.Parts {
    fileprivate var isSettled: Bool {
        upstream.pools.allSatisfy { $0.activeCount == 0 } && entry.arrived == entry.records.count && gate.isSettled
    }

    fileprivate var isClosed: Bool {
        worker.connectionCount == 0 && upstream.connectionCount == 0 && entry.connected == entry.disconnected
    }

    fileprivate var description: String {
        """
        active \(upstream.pools.map(\.activeCount)), open \(upstream.pools.map(\.openCount)), \
        clients \(worker.connectionCount), arrived \(entry.arrived), finished \(entry.records.count), \
        connected \(entry.connected), disconnected \(entry.disconnected), gate \(gate.outstanding) \(gate.outcomes)
        """
    }
}

/// Weak references to what every connection and attempt of a gateway holds on to: while one of them lives, so do these.
private final class Watch: @unchecked Sendable {
    private weak var worker: Worker?
    private weak var upstream: Upstream?
    private weak var entry: TestEntry?

    init(worker: Worker, upstream: Upstream, entry: TestEntry) {
        self.worker = worker
        self.upstream = upstream
        self.entry = entry
    }

    var leaked: [String] {
        var names: [String] = []
        if worker != nil { names.append("worker") }
        if upstream != nil { names.append("upstream") }
        if entry != nil { names.append("entry") }
        return names
    }
}

/// Runs a test against a gateway, and then checks that nothing is left of what it did: no exchange that never ended or
/// ended twice, no admission without its report, no connection in use or open, no object that something still holds.
func withGateway(
    to ports: [Int], _ adjust: (inout TestGateway.Options) -> Void = { _ in },
    _ test: (TestGateway) async throws -> Void
) async throws {
    let targets = ports.map { UpstreamSettings.Target(host: "127.0.0.1", port: $0) }
    var options = TestGateway.Options(settings: UpstreamSettings(name: "test", targets: targets))
    adjust(&options)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let watch: Watch
    do {
        let gateway = try await TestGateway(options, on: group.next())
        watch = try await gateway.watch()
        try await test(gateway)
        try await gateway.settle()
        try await gateway.close()
    }
    try await group.shutdownGracefully()
    try await eventually("nothing holds \(watch.leaked)", within: .seconds(2)) { watch.leaked.isEmpty }
}

func withGateway(
    to origin: TestOrigin, _ adjust: (inout TestGateway.Options) -> Void = { _ in },
    _ test: (TestGateway) async throws -> Void
) async throws {
    try await withGateway(to: [origin.port], adjust, test)
}
