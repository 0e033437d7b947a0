import Testing

@testable import Policies

@Suite("Adaptive concurrency")
struct ConcurrencyLimitTests {
    /// A server with so many places: requests beyond them wait their turn.
    private struct Server {
        var places: Int
        var work = 10_000

        func latency(inFlight: Int) -> Int { work * max(inFlight, places) / places }
    }

    /// Lets as many requests go as the limit allows, in rounds of one latency.
    private func run(_ limit: inout ConcurrencyLimit, _ server: Server, rounds: Int, from now: inout Int) {
        for _ in 0..<rounds {
            while limit.admit(.normal) {}
            let latency = server.latency(inFlight: limit.inFlight)
            now += latency
            for _ in 0..<limit.inFlight {
                limit.note(latency: latency, isOverload: false, now: now)
                limit.end()
            }
        }
    }

    @Test("it finds how much a server can do at once, about", arguments: [10, 50, 200])
    func finds(_ places: Int) {
        var limit = ConcurrencyLimit(ConcurrencyLimit.Settings())
        var now = 0
        run(&limit, Server(places: places), rounds: 3_000, from: &now)
        #expect((places / 2...places * 4).contains(limit.current), "\(limit.current)")
    }

    @Test("it shrinks when the server slows down, and grows again when it is back")
    func follows() {
        var limit = ConcurrencyLimit(ConcurrencyLimit.Settings())
        var now = 0
        run(&limit, Server(places: 100), rounds: 2_000, from: &now)
        let before = limit.current
        run(&limit, Server(places: 10, work: 20_000), rounds: 60, from: &now)
        let during = limit.current
        #expect(during < before / 2, "\(before) → \(during)")
        run(&limit, Server(places: 100), rounds: 2_000, from: &now)
        #expect(limit.current > during * 2)
    }

    @Test("overload that the upstream tells of shrinks it to the minimum, and no further")
    func overload() {
        var limit = ConcurrencyLimit(ConcurrencyLimit.Settings())
        var now = 0
        for _ in 0..<2_000 {
            now += 20_000
            limit.note(latency: 5_000, isOverload: true, now: now)
        }
        #expect(limit.current == ConcurrencyLimit.Settings().minimum)
    }

    @Test("unused, it stays what it is")
    func unused() {
        var limit = ConcurrencyLimit(ConcurrencyLimit.Settings())
        let before = limit.current
        var now = 0
        for _ in 0..<10_000 {
            let isAdmitted = limit.admit(.normal)
            #expect(isAdmitted)
            now += 10_000
            limit.note(latency: 10_000, isOverload: false, now: now)
            limit.end()
        }
        #expect(limit.current == before)
    }

    @Test("low priority leaves room, high takes a little more")
    func priorities() {
        var settings = ConcurrencyLimit.Settings()
        settings.initial = 10
        var limit = ConcurrencyLimit(settings)
        func fill(_ priority: Priority) -> Int {
            var count = 0
            while limit.admit(priority) { count += 1 }
            return count
        }
        let admitted = [fill(.low), fill(.normal), fill(.high)]
        #expect(admitted == [8, 2, 2])
        for _ in 0..<20 { limit.end() }
        #expect(limit.inFlight == 0)
    }
}
