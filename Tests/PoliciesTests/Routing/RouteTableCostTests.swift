import Policies
import Testing

/// The promise that finding a route does not get slower with the number of routes, as a ratio measured in one run.
@Suite(.serialized) struct RouteTableCostTests {
    @Test("ten thousand routes cost less than four times ten")
    func cost() throws {
        let sizes = [10, 1_000, 10_000]
        let benches = try sizes.map { try Bench(routes: $0) }
        // Interleaved, and the best of many: what other processes take from this one is not counted.
        var best = [Double](repeating: .infinity, count: sizes.count)
        for _ in 0..<15 {
            for (index, bench) in benches.enumerated() { best[index] = min(best[index], bench.nanosecondsPerMatch()) }
        }
        for (size, cost) in zip(sizes, best) { print("routes: \(size), ns per match: \(Int(cost.rounded()))") }
        #expect(best[2] < 4 * best[0])
    }

    private struct Bench {
        let table: RouteTable
        let paths: [[UInt8]]
        let host = Array("api.example.com".utf8)
        let method = Array("GET".utf8)

        init(routes count: Int) throws {
            var random = Seeded(seed: 3)
            var rules: [RouteRule] = []
            for number in 0..<count {
                let text = ["/{id}", "/{id}/items", "/search", "/**"][number % 4]
                rules.append(try rule("GET,POST api.example.com/api/v1/service-\(number / 4)\(text)"))
            }
            table = RouteTable(rules)
            paths = (0..<512).map { _ in
                let service = random.number(0...(count - 1) / 4)
                return Array("/api/v1/service-\(service)/\(random.number(1...99_999))".utf8)
            }
        }

        func nanosecondsPerMatch() -> Double {
            var captures = PathCaptures()
            var found = 0
            let fields = TestFields()
            let duration = ContinuousClock().measure {
                for path in paths {
                    let match = host.withUnsafeBufferPointer { host in
                        method.withUnsafeBufferPointer { method in
                            path.withUnsafeBufferPointer { path in
                                table.match(
                                    RouteRequest(
                                        host: host, method: method, path: path, query: .init(start: nil, count: 0)),
                                    fields, captures: &captures)
                            }
                        }
                    }
                    if case .route = match { found += 1 }
                }
            }
            #expect(found == paths.count)
            return Double(duration.components.attoseconds) / 1e9 / Double(paths.count)
        }
    }
}
