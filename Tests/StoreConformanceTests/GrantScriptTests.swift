import TestSupport
import Testing

@testable import Filters

/// `sluice limits grant` next to prepaid leases: what is lent is never given a second time (STATE.md, promise 1).
@Suite("grants in the script", .ownThreads)
struct GrantScriptTests {
    private static let key = "test:bucket:{p:acme}"
    /// Ends long before and long after any test, in µs since 1970.
    private static let past = "1000000000000000"
    private static let future = "4000000000000000"

    /// Grants tokens to a bucket of these fields; answers what one of them holds then.
    private func grant(_ tokens: Int, to fields: [String], then field: String) async throws -> String {
        let server = try await RedisServer()
        try await server.cli(["HSET", Self.key] + fields)
        let script = String(decoding: PackageResources.grant_lua, as: UTF8.self)
        #expect(try await server.cli("EVAL", script, "1", Self.key, "\(tokens)") == "1")
        return try await server.cli("HGET", Self.key, field)
    }

    @Test("a bucket is filled up to the room of the leases that live; one that has lapsed needs none")
    func bucket() async throws {
        let window = ["minute.capacity", "100", "minute.tokens", "10", "minute.fraction", "0", "minute.updated", "1"]
        let live = window + ["lease:a/0", "30 \(Self.future) 1"]
        #expect(try await grant(1000, to: live, then: "minute.tokens") == "70")
        let lapsed = window + ["lease:a/0", "30 \(Self.past) 1"]
        #expect(try await grant(1000, to: lapsed, then: "minute.tokens") == "100")
        #expect(try await grant(5, to: live, then: "minute.tokens") == "15")
    }

    @Test("a calendar's quota keeps what is lent counted as used")
    func calendar() async throws {
        let window = ["calendar-day.capacity", "100", "calendar-day.used", "80", "calendar-day.since", "1"]
        let live = window + ["lease:a/0", "30 \(Self.future) 1"]
        #expect(try await grant(1000, to: live, then: "calendar-day.used") == "30")
        let lapsed = window + ["lease:a/0", "30 \(Self.past) 1"]
        #expect(try await grant(1000, to: lapsed, then: "calendar-day.used") == "0")
        #expect(try await grant(7, to: live, then: "calendar-day.used") == "73")
    }

    @Test("a sliding window keeps what is lent counted where the leases end")
    func sliding() async throws {
        let window = ["minute-sliding.capacity", "100", "minute-sliding.slices", "7:20 8:30 9:30"]
        let live = window + ["lease:a/0", "20 \(Self.future) 1", "lease:b/0", "15 \(Self.future) 1"]
        #expect(try await grant(1000, to: live, then: "minute-sliding.slices") == "8:5 9:30")
        let lapsed = window + ["lease:a/0", "20 \(Self.past) 1"]
        #expect(try await grant(1000, to: lapsed, then: "minute-sliding.slices") == "")
        #expect(try await grant(25, to: live, then: "minute-sliding.slices") == "8:25 9:30")
    }
}
