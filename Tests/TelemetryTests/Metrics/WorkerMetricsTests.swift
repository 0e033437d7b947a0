import Testing

@testable import Telemetry

@Suite("Worker metrics")
struct WorkerMetricsTests {
    @Test("a name keeps its number across reloads, also when it was gone in between")
    func namesAreStable() {
        var names = NameIndex()
        let users = names.index(of: "users")
        let orders = names.index(of: "orders")
        #expect(users != orders)
        #expect(names.index(of: "products") == orders + 1)
        #expect(names.index(of: "users") == users)
        #expect(names.names[users] == "users")
        #expect(users > NameIndex.other)
    }

    @Test("names beyond the bound share one number")
    func namesAreBounded() {
        var names = NameIndex()
        for number in 0..<NameIndex.maximumNames + 10 { _ = names.index(of: "route-\(number)") }
        #expect(names.names.count == NameIndex.maximumNames)
        #expect(names.index(of: "one more") == NameIndex.other)
    }

    @Test("shards of different sizes add up, and what was counted survives a reload")
    func summing() {
        var names = MetricNames()
        let users = names.routes.index(of: "users")
        let first = WorkerMetrics(names: names)
        let second = WorkerMetrics(names: names)
        let orders = names.routes.index(of: "orders")
        second.values.routes[users].begin()
        second.adopt(names)
        for worker in [first, second] { worker.values.routes[users].begin() }
        first.values.routes[users].end(
            .init(status: 200, bytesIn: 5, bytesOut: 7, totalMicroseconds: 100, upstreamMicroseconds: 60))
        second.values.routes[orders].begin()
        second.values.routes[orders].end(.init(status: 503, bytesIn: 1, bytesOut: 2, totalMicroseconds: 10))
        second.values.routes[users].abandon()
        let snapshot = MetricsSnapshot(names: names, summing: [first.values, second.values])
        let sum = snapshot.values.routes
        #expect(sum[users].inFlight == 1)
        #expect((sum[users].bytesIn, sum[users].bytesOut) == (5, 7))
        #expect(sum[users].gateway.quantile(1) == 40)
        #expect(sum[users].upstream.quantile(1) == 60)
        #expect(sum[orders].statuses.byClass == [0, 0, 0, 0, 1, 0])
        #expect(sum[orders].upstream.count == 0)
        #expect(sum[orders].inFlight == 0)
    }

    @Test("the worst breaker of all workers is shown, and transitions add up")
    func breakers() {
        var one = UpstreamMetrics()
        one.breaker = .halfOpen
        one.transitions[.open] = 2
        var other = UpstreamMetrics()
        other.breaker = .open
        other.transitions[.open] = 1
        other.failures[.connectTimeout] = 4
        one += other
        one += UpstreamMetrics()
        #expect(one.breaker == .open)
        #expect(one.transitions[.open] == 3)
        #expect(one.failures[.connectTimeout] == 4)
        #expect(one.failures[.closedEarly] == 0)
    }

    @Test("statuses are counted by class and, where tracked, exactly")
    func statuses() {
        var counts = StatusCounts()
        for status in [101, 200, 200, 299, 304, 404, 429, 599, 600, 99, -1, 7000] { counts.count(status) }
        #expect(counts.byClass == [1, 3, 1, 2, 1, 4])
        #expect(counts.total == 12)
        #expect(counts.byStatus.map(\.status) == [101, 200, 304, 404, 429])
        #expect(counts.byStatus.map(\.count) == [1, 2, 1, 1, 1])
    }

    @Test("the process knows its memory, its CPU time and its descriptors")
    func process() {
        let process = ProcessMetrics.read()
        #expect(process.residentBytes > 1_000_000)
        #expect(process.cpuMicroseconds > 0)
        #expect(process.openDescriptors >= 3)
    }
}
