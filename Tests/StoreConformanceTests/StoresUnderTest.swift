import HTTPWire
import NIOCore
import NIOPosix
import Policies
import RedisClient
import Synchronization
import Telemetry
import TestSupport

@testable import Filters

/// One entry of a question to a store.
struct Ask: Sendable {
    var policy: LimitPolicy
    var subject = "acme"
    var cost = 1
    var lease: TakeRequest.LeaseAsk?
}

struct Answer: Equatable, Sendable {
    let outcome: TakeRequest.Outcome
    let windows: [TakeRequest.WindowState]
    let grants: [TakeRequest.LeaseGrant?]
    let places: [TakeRequest.PlaceState?]
    private let heldSlot: Slot

    /// Which number a request's places have is the store's own affair.
    private struct Slot: Equatable {
        let number: Int?
        static func == (left: Slot, right: Slot) -> Bool { (left.number == nil) == (right.number == nil) }
    }

    init(_ request: TakeRequest) {
        outcome = request.outcome
        windows = request.windows
        grants = request.entries.map(\.grant)
        places = request.entries.map(\.places)
        heldSlot = Slot(number: request.slot)
    }

    var slot: Int? { heldSlot.number }

    var isAdmitted: Bool { outcome == .admitted }
    var remaining: [Int] { windows.map(\.remaining) }
    var waits: [Int] { windows.map(\.waitMicroseconds) }
}

/// A store whose clock the test sets: the same suite runs on each kind.
protocol StoreUnderTest: Sendable {
    /// Asks at a time of the store's clock.
    func take(_ asks: [Ask], at microseconds: Int) async throws -> Answer
}

extension StoreUnderTest {
    func take(_ policy: LimitPolicy, cost: Int = 1, at microseconds: Int) async throws -> Answer {
        try await take([Ask(policy: policy, cost: cost)], at: microseconds)
    }
}

enum StoreKind: CaseIterable, Sendable {
    case memory
    case redis

    func make() async throws -> any StoreUnderTest {
        switch self {
        case .memory: MemoryUnderTest()
        case .redis: try await RedisUnderTest()
        }
    }
}

extension TakeRequest {
    func ask(_ asks: [Ask]) {
        for ask in asks {
            Array(ask.subject.utf8).withUnsafeBufferPointer {
                add(ask.policy, subject: $0, cost: ask.cost, ask: ask.lease)
            }
        }
    }
}

final class MemoryUnderTest: StoreUnderTest {
    private let buckets: SharedBuckets
    private let clock = Atomic(0)

    init(_ buckets: SharedBuckets = SharedBuckets()) {
        self.buckets = buckets
    }

    func take(_ asks: [Ask], at microseconds: Int) async throws -> Answer {
        clock.store(microseconds, ordering: .relaxed)
        let now = { self.clock.load(ordering: .relaxed) }
        let store = InMemoryRateLimitStore(buckets, now: now, wallClock: now)
        let request = TakeRequest()
        request.ask(asks)
        guard store.take(request) else { throw TestFailure("the in-memory store decides at once") }
        return Answer(request)
    }
}

final class TestClock: Sendable {
    let now = Atomic(0)
}

/// The real script in a real server, with its TIME taken from a key, and without expiry, which real time would decide.
final class RedisUnderTest: StoreUnderTest {
    let server: RedisServer
    private let client: RedisClient
    private let stores: NIOLoopBound<[RedisRateLimitStore]>
    private let clock = TestClock()

    private static let controlledClock = """
        local real = redis
        local redis = { call = function(name, ...)
          if name == 'TIME' then return real.call('HMGET', 'clock', 's', 'us') end
          if name == 'PEXPIRE' then return 1 end
          return real.call(name, ...)
        end }

        """

    /// - Parameters:
    ///   - holders: stores that share the server, each with leases of its own.
    ///   - change: to the script, for tests that must notice it.
    init(holders: Int = 1, change: @Sendable (String) -> String = { $0 }) async throws {
        server = try await RedisServer()
        var settings = RedisSettings(port: server.port)
        settings.timeout = .seconds(10)
        client = try await RedisClient.connect(settings, on: MultiThreadedEventLoopGroup.singleton.any())
        let source = change(String(decoding: PackageResources.take_lua, as: UTF8.self))
        stores = try await client.onLoop { [clock] connection in
            let stores = (0..<holders).map { holder in
                RedisRateLimitStore(
                    connection: connection, namespace: "test", holder: "node/\(holder)",
                    metrics: WorkerMetrics(names: MetricNames()), source: Array((Self.controlledClock + source).utf8),
                    wallClock: { clock.now.load(ordering: .relaxed) })
            }
            return NIOLoopBound(stores, eventLoop: connection.eventLoop)
        }
    }

    func take(_ asks: [Ask], at microseconds: Int) async throws -> Answer {
        try await take(asks, by: 0, at: microseconds)
    }

    func take(_ asks: [Ask], by holder: Int, at microseconds: Int) async throws -> Answer {
        clock.now.store(microseconds, ordering: .relaxed)
        return try await client.onLoop { [stores] connection in
            Self.setClock(microseconds, connection)
            return stores.value[holder].answer(asks, on: connection.eventLoop)
        }.get()
    }

    func charge(_ policy: LimitPolicy, _ amount: Int, at microseconds: Int) async throws {
        clock.now.store(microseconds, ordering: .relaxed)
        try await client.onLoop { [stores] connection in
            Self.setClock(microseconds, connection)
            Array("acme".utf8).withUnsafeBufferPointer {
                stores.value[0].charge(policy, subject: $0, amount: amount)
            }
        }
    }

    func release(_ slot: Int) async throws {
        try await client.onLoop { [stores] _ in stores.value[0].release(slot: slot) }
    }

    private static func setClock(_ microseconds: Int, _ connection: RedisLink) {
        connection.send { writer in
            writer.begin(words: 6)
            writer.append("HSET")
            writer.append("clock")
            writer.append("s")
            writer.append(microseconds / 1_000_000)
            writer.append("us")
            writer.append(microseconds % 1_000_000)
        } completion: { _ in
        }
    }
}

extension RateLimitStore {
    /// Asks on the store's loop; the future is the answer, late or at once.
    func answer(_ asks: [Ask], on loop: any EventLoop) -> EventLoopFuture<Answer> {
        let waiter = PromisedAnswer(loop.makePromise(of: Answer.self))
        let request = TakeRequest()
        request.waiter = waiter
        request.ask(asks)
        if take(request) { waiter.decided(request) }
        return waiter.promise.futureResult
    }
}

private final class PromisedAnswer: TakeWaiter {
    let promise: EventLoopPromise<Answer>

    init(_ promise: EventLoopPromise<Answer>) { self.promise = promise }

    func decided(_ request: TakeRequest) {
        request.waiter = nil
        promise.succeed(Answer(request))
    }
}
