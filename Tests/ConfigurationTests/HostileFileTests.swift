import Testing

@testable import Configuration

@Suite("Files that are broken, huge or hostile")
struct HostileFileTests {
    @Test("no mutation of a valid file crashes the reading", arguments: 0..<8)
    func mutations(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let original = Array(fullFile.utf8)
        let interesting = Array("{}[]:,&*?!|>'\"#%@`-\n\t \0$~<=".utf8)
        var valid = 0
        for _ in 0..<150 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[index] = interesting.randomElement(using: &random) ?? 0
                case 2: bytes.remove(at: index)
                default:
                    let other = Int.random(in: 0..<bytes.count, using: &random)
                    bytes.insert(contentsOf: bytes[min(index, other)...max(index, other)].prefix(40), at: index)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                _ = try parse(text, environment: fullEnvironment, files: fullFiles)
                valid += 1
            } catch {
                let invalid = error as? InvalidConfiguration
                #expect(invalid?.problems.isEmpty == false)
                #expect(invalid?.problems.allSatisfy { $0.line >= 1 && $0.column >= 1 } == true)
            }
        }
        #expect(valid < 150)
    }

    @Test("nested aliases are refused before they fill the memory")
    func bomb() {
        let text = bombLevels(40) + "routes: *l39\n"
        #expect(descriptions(text).first?.contains("aliases expand to too many values") == true)
    }

    @Test("nested aliases as a key are refused before they are hashed")
    func bombAsKey() {
        for key in ["? *l39\n: 1", "{ *l39 : 1 }", "[*l39, *l39]: 1", "*l39 : 1"] {
            let text = bombLevels(40) + key + "\n"
            #expect(descriptions(text).first?.contains("aliases are nested too deeply") == true)
        }
    }

    @Test("many plain aliases are welcome")
    func manyAliases() throws {
        let routes = (0..<2_000).map {
            "  - { upstream: a, limit: *l, match: { path: \"/r\($0)\", headers: { X: \"{y}: z\" } } }"
        }
        let text = """
            upstreams: { a: { targets: ["http://a"] } }
            routes:
              - { upstream: a, limit: &l [{ per: ip, rates: [1/second] }] }
            \(routes.joined(separator: "\n"))
            """
        #expect(try parse(text).routes.count == 2_001)
    }

    @Test("depth is bounded")
    func depth() {
        let text = "routes: " + String(repeating: "[", count: 100_000)
        #expect(descriptions(text).count == 1)
    }

    @Test("a text above 16 MiB is not read")
    func size() {
        let text = smallest + String(repeating: "#", count: 16 << 20)
        #expect(descriptions(text) == ["gateway.yaml:1:1: the configuration is larger than 16MiB"])
    }

    @Test("ten thousand routes are read in linear time")
    func manyRoutes() throws {
        let short = try timeToRead(1_000)
        let long = try timeToRead(10_000)
        #expect(long < max(short * 40, .seconds(5)))
    }

    private func timeToRead(_ count: Int) throws -> Duration {
        let text = routesFile(count)
        return try ContinuousClock().measure {
            let routes = try parse(text).routes
            #expect(routes.count == count)
        }
    }

    @Test("ten thousand routes that are all the same are told without comparing each with each")
    func sameRoutes() {
        let text =
            "upstreams: { a: { targets: [\"http://a\"] } }\nroutes:\n"
            + String(repeating: "  - { upstream: a }\n", count: 10_000)
        #expect(problems(text).count == 9_999)
    }

    @Test("thousands of dangling references are told soon")
    func danglingReferences() {
        let upstreams = (0..<5_000).map { "  u\($0): { targets: [\"http://a\"] }\n" }.joined()
        let routes = (0..<5_000).map { "  - { match: { path: /r\($0) }, upstream: v\($0) }\n" }.joined()
        #expect(problems("upstreams:\n\(upstreams)routes:\n\(routes)").count == 5_000)
    }

    private func bombLevels(_ levels: Int) -> String {
        (0..<levels).map { level in
            let inner = level == 0 ? "1, 1" : "*l\(level - 1), *l\(level - 1)"
            return "b\(level): &l\(level) [\(inner)]\n"
        }.joined()
    }

    private func routesFile(_ count: Int) -> String {
        let routes = (0..<count).map { index in
            """
              - name: route-of-\(index)
                match: { hosts: [api.example.com], path: "/api/r\(index)/{id}", methods: [GET, PUT], headers: { X-Beta: "yes" } }
                auth: { any: [keys], scopes: [users.read] }
                limit: [{ per: consumer, rates: [100/minute, 10/second] }, { per: ip, rates: [20/second], burst: 40 }]
                upstream: users

            """
        }
        return """
            upstreams: { users: { targets: ["http://a"] } }
            authenticators: { keys: { api_key: {} } }
            routes:
            \(routes.joined())
            """
    }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
