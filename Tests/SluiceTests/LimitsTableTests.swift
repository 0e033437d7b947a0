import ArgumentParser
import Configuration
import Filters
import Testing

@testable import sluice

@Suite("Limits as commands show them")
struct LimitsTableTests {
    private static let now = 1_800_000_000_000_000

    /// A bucket with as many tokens of 100 a minute.
    private func reading(_ policy: String, _ tokens: Int, lease: Int? = nil) -> BucketReading {
        var fields = [
            "minute.tokens": "\(tokens)", "minute.fraction": "0", "minute.updated": "\(Self.now)",
            "minute.capacity": "100", "minute.rate": "100/minute",
        ]
        if let lease { fields["lease:node1/0-x"] = "\(lease) \(Self.now + 80_000) 7" }
        return BucketReading(policy: policy, subject: "acme", fields: fields, now: Self.now)
    }

    /// A day's quota that is used up.
    private var daily: BucketReading {
        let fields = [
            "calendar-day.used": "10", "calendar-day.since": "\(Self.now - 60_000_000)", "calendar-day.capacity": "10",
            "calendar-day.rate": "10/day",
        ]
        return BucketReading(policy: "plan.gold", subject: "acme", fields: fields, now: Self.now)
    }

    @Test("a row for each window, a line for each lease")
    func list() {
        #expect(
            LimitsTable.text([reading("users.consumer", 40, lease: 20), reading("plan.gold", 99)]) == """
                POLICY          SUBJECT  WINDOW  LEFT   OF  RATE        FULL IN  LEASED
                users.consumer  acme     minute    40  100  100/minute      36s      20
                  node1/0-x holds 20 for 80ms
                plan.gold       acme     minute    99  100  100/minute    600ms

                """)
    }

    @Test("an explanation ends in what it means")
    func explained() {
        let admitted = LimitsExplanation(subject: "acme", [reading("a", 5)]).text
        #expect(admitted.hasSuffix("\nacme would be admitted by all of these\n"))
        let refused = LimitsExplanation(subject: "acme", [reading("a", 5), reading("b", 0), reading("c", -1)]).text
        #expect(refused.hasSuffix("\nacme would be refused where b, c applies; in 2s by none\n"))
        #expect(refused.contains("refused for 600ms"))
        let today = LimitsExplanation(subject: "acme", [daily]).text
        #expect(today.hasSuffix("\nacme would be refused where plan.gold applies; by none once the day is over\n"))
        let unknown = LimitsExplanation(subject: "acme", []).text
        #expect(unknown == "acme would be admitted: it has no bucket, so all of its limits are full\n")
    }

    @Test("where Redis is: the option, then the configuration, then the environment; passwords are never shown")
    func places() throws {
        let environment = ["SLUICE_REDIS": "redis://u:secret@10.0.0.1", "SLUICE_NAMESPACE": "eu"]
        let none = try SharedStateOptions.parse([])
        #expect(none.place(try none.state("x", [:])) == "redis://127.0.0.1:6379/0")
        let fromEnvironment = try none.state("x", environment)
        #expect(none.place(fromEnvironment) == "redis://10.0.0.1:6379/0")
        #expect(fromEnvironment.namespace == "eu")
        let options = try SharedStateOptions.parse([
            "--redis", "redis+cluster://:secret@h1,h2", "--namespace", "us",
        ])
        let given = try options.state("x", environment)
        #expect(options.place(given) == "redis+cluster://h1:6379,h2:6379")
        #expect(given.namespace == "us")
    }
}
