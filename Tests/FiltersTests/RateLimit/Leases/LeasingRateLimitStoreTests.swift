import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("A worker's leases")
struct LeasingRateLimitStoreTests {
    private let time = VirtualTime()
    private let redis: SimulatedRedis
    private let connection: SimulatedConnection
    private let store: LeasingRateLimitStore
    private let wide = LimitPolicy(name: "wide", windows: [RateWindow(count: 10_000, periodMicroseconds: 1_000_000)])
    private let narrow = LimitPolicy(name: "narrow", windows: [RateWindow(count: 3, periodMicroseconds: 60_000_000)])

    init() {
        redis = SimulatedRedis(time)
        connection = SimulatedConnection(time, redis, holder: "n/0-1", seed: 1)
        store = LeasingRateLimitStore(connection, capacity: 100, now: { [time] in time.now })
    }

    private final class Asked: TakeWaiter {
        let request = TakeRequest()
        var answers = 0
        func decided(_ request: TakeRequest) { answers += 1 }
    }

    /// Asks, and lets a millisecond pass.
    @discardableResult
    private func ask(_ policies: [LimitPolicy], _ subject: String = "s", cost: Int = 1, wait: Int = 1000) -> TakeRequest
    {
        let asked = Asked()
        var subject = subject
        subject.withUTF8 { bytes in for policy in policies { asked.request.add(policy, subject: bytes, cost: cost) } }
        asked.request.waiter = asked
        let isDecided = store.take(asked.request)
        time.run(until: time.now + wait)
        if wait >= 1000 { #expect(asked.answers == (isDecided ? 0 : 1)) }
        return asked.request
    }

    /// Until there is a lease.
    private func warm(_ policies: [LimitPolicy]) {
        for _ in 0..<200 { ask(policies) }
        #expect(store.counters.paid > 0)
    }

    @Test("a hot key is paid from the lease, at once and without a command")
    func paid() {
        warm([wide])
        let before = (connection.commands, store.counters.paid)
        let request = TakeRequest()
        withBytes("s") { request.add(wide, subject: $0) }
        #expect(store.take(request))
        #expect(request.outcome == .admitted && store.counters.paid == before.1 + 1)
        #expect(request.windows.count == 1 && connection.commands == before.0)
    }

    @Test("between answers of the store what remains only falls, and never exceeds the capacity")
    func remaining() {
        warm([wide])
        var last = Int.max
        for _ in 0..<10 {
            let commands = connection.commands
            let request = ask([wide], wait: 1)
            if connection.commands != commands { break }
            let remaining = request.windows[0].remaining
            #expect(remaining < last && remaining <= 10_000 && request.windows[0].resetMicroseconds > 0)
            last = remaining
        }
    }

    @Test("a refused request is charged on no lease, and refused without a command until its time has come")
    func allOrNothing() {
        warm([wide])
        for _ in 0..<3 { #expect(ask([wide, narrow]).outcome == .admitted) }
        let refused = ask([wide, narrow])
        #expect(refused.outcome == .refused)
        #expect(refused.windows.count == 2 && refused.windows[0].waitMicroseconds == 0)
        #expect((1...20_000_000).contains(refused.windows[1].waitMicroseconds))
        // Renewals of the lease aside.
        let (tended, commands, paid) = (store.counters.tended, connection.commands, store.counters.paid)
        for _ in 0..<1000 { #expect(ask([wide, narrow], wait: 0).outcome == .refused) }
        #expect(store.counters.paid == paid && connection.commands - commands == store.counters.tended - tended)
        #expect(redis.charges["narrow:s"]?.count == 3)
        time.run(until: time.now + 20_000_000)
        #expect(ask([wide, narrow]).outcome == .admitted)
    }

    @Test("tokens that were ready are put back when the store refuses the rest")
    func putBack() {
        warm([wide])
        // Another node has taken all of it, which this one does not know yet.
        let item = SimulatedRedis.Item(key: "narrow:s", policy: narrow, cost: 3, ask: nil)
        #expect(redis.take([item], holder: "other").isAdmitted)
        let paid = store.counters.paid
        #expect(ask([wide, narrow]).outcome == .refused)
        #expect(store.counters.paid == paid)
    }

    @Test("a shadow policy refuses nobody; that it would have is known without a command")
    func shadow() {
        let shadow = LimitPolicy(name: "shadow", windows: narrow.windows, isShadow: true)
        let scripted = ScriptedStore()
        scripted.state = .init(0, reset: 60_000_000, wait: 20_000_000)
        let store = LeasingRateLimitStore(scripted, now: { [time] in time.now })
        for count in 1...3 {
            let request = TakeRequest()
            withBytes("s") { request.add(shadow, subject: $0) }
            #expect(store.take(request))
            #expect(request.outcome == .admitted && request.windows[0].waitMicroseconds > 0)
            #expect(scripted.questions.count == 1, "question \(count)")
        }
    }

    @Test("places under a limit of concurrency are always asked for, and given back below")
    func concurrency() {
        let scripted = ScriptedStore()
        scripted.slot = 4
        let policy = LimitPolicy(name: "c", windows: [], concurrency: 2)
        let store = LeasingRateLimitStore(scripted, now: { [time] in time.now })
        for _ in 0..<20 {
            let request = TakeRequest()
            withBytes("s") { request.add(policy, subject: $0) }
            #expect(store.take(request))
            #expect(request.slot == 4)
            store.release(slot: 4)
        }
        #expect(scripted.questions.count == 20 && scripted.journal.filter { $0 == "release 4" }.count == 20)
    }

    @Test("an equal policy of a reload goes on with the lease; an edited one gives it back")
    func reload() {
        warm([wide])
        let same = LimitPolicy(name: "wide", windows: wide.windows)
        let paid = store.counters.paid
        ask([same])
        #expect(store.counters.paid == paid + 1)
        let returned = store.counters.returned
        let edited = LimitPolicy(
            name: "wide", windows: [RateWindow(count: 9000, periodMicroseconds: 1_000_000)])
        ask([edited])
        #expect(store.counters.paid == paid + 1 && store.counters.returned > returned)
    }

    @Test("what nobody asks for goes back before it lapses, and then there is nothing to do")
    func idle() {
        warm([wide])
        for _ in 0..<30 {
            store.tick()
            time.run(until: time.now + 10_000)
        }
        #expect(store.counters.granted == store.counters.paid + store.counters.returned)
        let commands = connection.commands
        for _ in 0..<30 { store.tick() }
        #expect(connection.commands == commands && store.active.isEmpty)
    }

    @Test(
        "shutdown gives back all leases, also what is granted meanwhile, and then says so once",
        arguments: [true, false])
    func shutdown(isUp: Bool) {
        warm([wide])
        ask([wide], "other", wait: 0)
        connection.isDown = !isUp
        var ends = 0
        store.shutdown { ends += 1 }
        #expect(ends == 0)
        time.run(until: time.now + 2 * SimulatedConnection.timeout)
        #expect(ends == 1)
        if isUp { #expect(store.counters.granted == store.counters.paid + store.counters.returned) }
        #expect(ask([wide], wait: 60_000).outcome == (isUp ? .admitted : .unavailable))
    }

    @Test("without leases shutdown is done at once")
    func shutdownAtOnce() {
        var ends = 0
        store.shutdown { ends += 1 }
        #expect(ends == 1)
    }

    @Test("when the store is away, leases are spent first, and nothing it decides alone is remembered")
    func outage() {
        warm([wide])
        connection.isDown = true
        let paid = store.counters.paid
        #expect(ask([wide], wait: 0).outcome == .admitted)
        #expect(store.counters.paid == paid + 1)
        let scripted = ScriptedStore()
        scripted.outcome = .unavailable
        let local = ScriptedStore()
        local.outcome = .refused
        local.state = .init(0, reset: 9_000_000, wait: 9_000_000)
        let degrading = DegradingRateLimitStore(
            shared: scripted, local: local, liveNodes: { 1 }, now: { [time] in time.now })
        let store = LeasingRateLimitStore(degrading, now: { [time] in time.now })
        for isBack in [false, true] {
            scripted.outcome = isBack ? .admitted : .unavailable
            let request = TakeRequest()
            withBytes("s") { request.add(wide, subject: $0) }
            #expect(store.take(request))
            #expect(request.isDegraded == !isBack && request.outcome == (isBack ? .admitted : .refused))
        }
    }

    @Test("keys beyond the table's room are decided by the store; memory stays bounded")
    func bounded() {
        for index in 0..<1000 { ask([wide], "subject \(index)") }
        #expect(connection.commands == 1000)
        let long = String(repeating: "x", count: 5000)
        #expect(ask([wide], long).outcome == .admitted)
        #expect(ask([wide], String(repeating: "y", count: 500)).outcome == .admitted)
        #expect(connection.commands == 1002)
    }

    @Test("a policy that is named twice is charged twice", arguments: 1...30)
    func twice(requests: Int) {
        let limited = LimitPolicy(name: "twice", windows: [RateWindow(count: 20, periodMicroseconds: 3_600_000_000)])
        var admitted = 0
        for _ in 0..<requests where ask([limited, limited]).outcome == .admitted { admitted += 1 }
        #expect(admitted == min(requests, 10))
    }
}
