import Foundation
import Testing

@testable import Configuration

@Suite("A configuration as seen from a host that is none of its nodes")
struct ConfigurationReviewTests {
    private func review(_ text: String, _ environment: [String: String] = [:]) throws -> ConfigurationReview {
        let path = NSTemporaryDirectory() + "review-\(UUID().uuidString).yaml"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationReview(path: path, environment: environment)
    }

    private let small = "upstreams: { app: { targets: [\"http://a\"] } }\nroutes: [{ upstream: app }]\n"

    @Test("what only nodes know is not held against it, what is wrong anywhere is")
    func elsewhere() throws {
        let secrets = "authenticators: { dev: { jwt: { algorithms: [HS256], secret: \"SECRET\" } } }\n"
        for secret in ["${NOT_SET_HERE}", "file:not-here.key"] {
            let review = try review(small + secrets.replacing("SECRET", with: secret))
            #expect(review.configuration == nil)
            #expect(review.elsewhere.count == 1)
            #expect(review.inlineSecrets.isEmpty)
        }
        #expect(throws: InvalidConfiguration.self) {
            try review(small + "admin: { bind: \"${NOT_SET_HERE}\" }\nrotes: []\n")
        }
    }

    @Test("secrets in the text are told with their places, those of variables are not")
    func inlineSecrets() throws {
        let secret = "0123456789abcdef0123456789abcdef"
        let text = small + "admin: { token: \"\(secret)\" }\n"
        let inline = try review(text)
        #expect(inline.inlineSecrets.count == 1)
        #expect(inline.inlineSecrets[0].hasSuffix(":3: admin.token"), "\(inline.inlineSecrets)")
        #expect(try review(text.replacing(secret, with: "${T}"), ["T": secret]).inlineSecrets.isEmpty)
    }

    @Test("keys that running nodes do not change are compared by what they mean, if that is known here")
    func restart() throws {
        let state = "state: { redis: \"redis://a\", namespace: n }\n"
        func changes(_ new: String, from old: String, _ environment: [String: String] = [:]) throws -> [String] {
            try review(small + new, environment).changesThatNeedARestart(
                from: small + old, directory: "/", environment: environment)
        }
        #expect(try changes(state, from: state).isEmpty)
        #expect(try changes("state: { namespace: n, timeout: 50ms, redis: \"redis://a\" }\n", from: state).isEmpty)
        #expect(try changes(state.replacing("n }", with: "m }"), from: state) == ["state"])
        #expect(try changes("", from: state) == ["state"])
        #expect(try changes("drain: 1s\n", from: "drain: 2s\n").isEmpty)
        #expect(try changes("node: { id: a }\nadmin: { bind: 127.0.0.1:1 }\n", from: "") == ["admin", "node"])
        let admin = "admin: { bind: \"127.0.0.1:${P}\" }\n"
        #expect(try changes(admin, from: admin).isEmpty, "not known here, but written the same")
        #expect(try changes(admin, from: "admin: { bind: 127.0.0.1:5 }\n", ["P": "5"]).isEmpty)
        #expect(try changes(admin, from: "admin: { bind: 127.0.0.1:5 }\n", ["P": "6"]) == ["admin"])
    }
}
