import Testing

@testable import Configuration

/// One mistake and all that is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let text: String
    let told: [String]

    init(_ text: String, _ told: String...) {
        self.text = text
        self.told = told.map { "gateway.yaml:" + $0 }
    }

    /// A line added to the smallest file, where it is line 5.
    static func line(_ line: String, _ told: String...) -> Mistake {
        var mistake = Mistake(smallest + line + "\n")
        mistake = Mistake(text: mistake.text, told: told.map { "gateway.yaml:5:" + $0 })
        return mistake
    }

    /// A route of one line added to the smallest file; it starts in column 5.
    static func route(_ route: String, _ told: String...) -> Mistake {
        Mistake(text: smallest + "  - " + route + "\n", told: told.map { "gateway.yaml:5:" + $0 })
    }

    /// An upstream of one line beside the smallest file's.
    static func upstream(_ upstream: String, _ told: String...) -> Mistake {
        Mistake(
            text: "upstreams:\n  a: \(upstream)\nroutes: [{ upstream: a }]\n", told: told.map { "gateway.yaml:2:" + $0 }
        )
    }

    init(text: String, told: [String]) {
        self.text = text
        self.told = told
    }

    var testDescription: String { told.first ?? text }
}

@Suite("What is said about mistakes")
struct ProblemTests {
    @Test("each mistake is told with its place, what was expected, and what to do", arguments: mistakes)
    func mistake(_ mistake: Mistake) {
        #expect(descriptions(mistake.text) == mistake.told)
    }

    @Test("all problems are told at once, by place")
    func allAtOnce() {
        let text = """
            routes:
              - { upstream: usrs, auth: nobody, limit: [{ per: ip, rates: [100/minutes] }] }
            upstreams:
              users: { targets: [], tiemout: 5s }
            limits: { body: 10MB }
            """
        #expect(
            descriptions(text) == [
                "gateway.yaml:2:17: routes[0].upstream: there is no upstream \"usrs\"; did you mean \"users\"?",
                "gateway.yaml:2:29: routes[0].auth: there is no authenticator \"nobody\"; no authenticators are configured",
                "gateway.yaml:2:64: routes[0].limit[0].rates[0]: \"100/minutes\": expected a rate such as 100/minute, "
                    + "10/second or 5/10s; did you mean \"100/minute\"?",
                "gateway.yaml:4:21: upstreams.users.targets: expected a list, each entry a URL or { url, weight }, found "
                    + "an empty list",
                "gateway.yaml:4:25: upstreams.users: unknown key \"tiemout\"; did you mean \"timeout\"?",
                "gateway.yaml:5:17: limits.body: \"10MB\": expected a size from 0 to 1024GiB, such as 64KiB or 10MiB; "
                    + "did you mean \"10MiB\"?",
            ])
    }

    @Test("a hundred problems are printed, the rest is counted")
    func cap() {
        let keys = (0..<250).map { "x\($0): 1" }.joined(separator: "\n")
        #expect {
            try parse(smallest + keys)
        } throws: { error in
            let lines = "\(error)".split(separator: "\n")
            return lines.count == 101 && lines.last == "and 150 more"
        }
    }

    @Test("what aliases repeat is told once")
    func repeated() {
        let text = """
            upstreams: { a: { targets: ["http://a"] } }
            routes:
              - { upstream: a, limit: &limit [{ per: ip, rates: [x] }] }
              - { upstream: a, limit: *limit, match: { path: /b } }
            """
        #expect(
            descriptions(text) == [
                "gateway.yaml:3:54: routes[0].limit[0].rates[0]: \"x\": expected a rate such as 100/minute, 10/second or 5/10s"
            ])
    }

    @Test("no message shows a secret")
    func secrecy() {
        let text = """
            state: { redis: "redis://user:hunter2@host:port" }
            admin: { bind: 0.0.0.0:1, token: { hunter2: 1 } }
            upstreams:
              a: { targets: ["http://me:hunter2@host/x", "${URL}"], balance: "${URL}" }
            authenticators:
              j: { jwt: { secret: hunter2, public_key: hunter2 } }
            consumers: [{ id: c, keys: [hunter2] }]
            routes: [{ upstream: "${URL}", match: { path: "${URL}", hosts: ["/${URL}"], headers: { X: "~${URL}[" } } }]
            """
        let found = problems(text, environment: ["URL": "hunter3"])
        #expect(found.count == 12)
        for problem in found {
            #expect(!problem.description.contains("hunter2") && !problem.description.contains("hunter3"))
        }
    }
}
