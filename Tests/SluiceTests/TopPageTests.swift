import Filters
import Telemetry
import Testing

@testable import sluice

@Suite("The pages of sluice top")
struct TopPageTests {
    private func page(routes: Int, width: Int, height: Int, remark: String? = nil) -> [String] {
        let figures = TopFigures(
            namespace: "shop", nodes: [], now: nil, series: [],
            routes: (0..<routes).map { ("route\($0)", RouteTally(requests: 1, microseconds: 5000), 1) }, limits: [],
            breakers: [])
        let text = TopPage(figures, width: width, height: height, remark: remark).text
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }

    @Test("a low terminal gets shorter tables, which say so, and never more lines than it has")
    func low() {
        for height in 3...40 {
            let lines = page(routes: 30, width: 80, height: height)
            #expect(lines.count < height && lines.allSatisfy { $0.count <= 80 })
        }
        let tall = page(routes: 30, width: 80, height: 40)
        #expect(tall.contains { $0.hasPrefix("route11") } && tall.last == "… 18 more")
        #expect(page(routes: 3, width: 80, height: 40).last?.hasPrefix("route2") == true)
        #expect(
            page(routes: 13, width: 80, height: 40).last?.hasPrefix("route12") == true, "one more takes no line more")
        let low = page(routes: 30, width: 80, height: 12)
        #expect(low.last?.hasPrefix("… ") == true && low.contains { $0.hasPrefix("route0") })
    }

    @Test("facts that have no room beside each other come in further lines")
    func narrow() {
        #expect(TopPage.wrapped(["p50 1ms", "p95 2ms", "p99 3ms"], width: 80) == ["p50 1ms   p95 2ms   p99 3ms"])
        #expect(TopPage.wrapped(["p50 1ms", "p95 2ms", "p99 3ms"], width: 17) == ["p50 1ms   p95 2ms", "p99 3ms"])
        #expect(TopPage.wrapped(["p50 1ms", "p95 2ms"], width: 3) == ["p50 1ms", "p95 2ms"])
    }

    @Test("what there is to remark comes first")
    func remark() {
        #expect(page(routes: 0, width: 80, height: 10, remark: "Redis is gone").first == "Redis is gone")
        #expect(page(routes: 0, width: 80, height: 10)[0] == "shop  0 nodes  no figures yet")
    }
}
