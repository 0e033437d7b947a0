import Testing

@testable import Telemetry

@Suite("Figures of nodes, second by second")
struct FiguresTests {
    private func outcome(_ status: Int, _ total: Int, upstream: Int? = nil, cache: CacheOutcome? = nil)
        -> RouteMetrics.Outcome
    {
        RouteMetrics.Outcome(
            status: status, bytesIn: 0, bytesOut: 0, totalMicroseconds: total, upstreamMicroseconds: upstream,
            cache: cache)
    }

    @Test("a tally counts what ends, and begins anew when it is taken")
    func tally() {
        var tally = TrafficTally()
        tally.begin()
        tally.begin()
        tally.begin()
        tally.end(route: 3, outcome(200, 1000, upstream: 900, cache: .miss), hasBegun: true)
        tally.end(route: 3, outcome(503, 50), hasBegun: true)
        tally.end(route: 0, outcome(429, 20), hasBegun: false)
        tally.end(route: 7, outcome(200, 10, cache: .hit), hasBegun: true)
        tally.lagged(microseconds: 40)
        tally.lagged(microseconds: 30)
        let digest = tally.take()
        #expect((digest.requests, digest.errors, digest.limited) == (4, 1, 1))
        #expect((digest.hits, digest.lookups) == (1, 2))
        #expect(digest.ownMicroseconds == 100 + 50 + 20 + 10)
        #expect(digest.lagMicroseconds == 40)
        #expect(digest.routes[3] == RouteTally(requests: 2, errors: 1, microseconds: 1050))
        #expect(digest.latency.count == 4)
        #expect(digest.inFlight == 0)
        let next = tally.take()
        #expect(next.requests == 0 && next.routes.isEmpty && next.latency.count == 0)
    }

    @Test("the gateway's own part ends with the answer's head: a slow body is not its doing")
    func ownPart() {
        let streamed = RouteMetrics.Outcome(
            status: 200, bytesIn: 0, bytesOut: 1 << 30, totalMicroseconds: 9_000_000, headMicroseconds: 5200,
            upstreamMicroseconds: 5000)
        #expect(streamed.ownMicroseconds == 200)
        #expect(outcome(200, 300, upstream: 5000).ownMicroseconds == 0)
    }

    @Test("a sparse histogram answers quantiles within an eighth, and adds up", arguments: [0.5, 0.95, 0.999])
    func sparse(fraction: Double) throws {
        var whole = LatencyHistogram()
        var parts = [SparseLatency(), SparseLatency()]
        for index in 0..<2 {
            var part = LatencyHistogram()
            for value in stride(from: 10 + index, to: 3_000_000, by: 997) {
                part.record(microseconds: value)
                whole.record(microseconds: value)
            }
            parts[index] = SparseLatency(part)
        }
        var merged = parts[0]
        merged += parts[1]
        #expect(merged.count == whole.count)
        let (exact, sparse) = (try #require(whole.quantile(fraction)), try #require(merged.quantile(fraction)))
        #expect(abs(sparse - exact) <= exact / 8)
    }

    @Test("figures survive being written and read; what is no figure is passed over")
    func fields() {
        var figures = NodeFigures()
        figures.requests = 120
        figures.memoryBytes = 50 << 20
        figures.latency = SparseLatency(text: "12:5 40:1")
        figures.routes = [.init(name: "a.b-c", tally: RouteTally(requests: 2, errors: 1, microseconds: 90))]
        let written = Dictionary(uniqueKeysWithValues: figures.fields.map { ($0.name, $0.value) })
        #expect(NodeFigures(fields: written) == figures)
        let hostile = NodeFigures(fields: [
            "requests": "-5", "errors": "many", "span_ms": "0", "workers": "99999999999999999999",
            "latency": "x:y 5 99999:1 3:-1 4:99999999999999999999", "routes": "= a=1/2 b=1/2/x c=-1/0/0",
        ])
        var expected = NodeFigures()
        expected.spanMilliseconds = 1
        #expect(hostile == expected)
    }

    private func sample(_ time: Int, requests: Int, span: Int = 1000, latency: String = "") -> TimedFigures {
        var figures = NodeFigures()
        (figures.requests, figures.spanMilliseconds, figures.latency) = (requests, span, SparseLatency(text: latency))
        figures.connections = 5
        return TimedFigures(time: time, figures: figures)
    }

    @Test("nodes add up step by step, each with its mean; a step shows when it is complete")
    func series() {
        let one = [
            sample(10_100, requests: 100, latency: "8:100"), sample(11_100, requests: 300),
            sample(12_100, requests: 50),
        ]
        let two = [sample(10_900, requests: 10, span: 2000), sample(13_900, requests: 8)]
        let points = ClusterFigures.series([one, two], after: 0, now: 15_300)
        #expect(points.map(\.time) == [10_000, 12_000])
        #expect(points[0].requests == 200 + 5)
        #expect(points[1].requests == 50 + 8)
        #expect(points.map(\.nodes) == [2, 2])
        #expect(points[0].connections == 10)
        #expect(points[0].latency.count == 100)
        #expect(ClusterFigures.series([one, two], after: 10_000, now: 15_300).map(\.time) == [12_000])
        #expect(ClusterFigures.series([one, two], after: 0, now: 15_100).map(\.time) == [10_000])
    }
}
