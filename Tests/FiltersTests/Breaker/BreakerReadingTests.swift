import Filters
import Policies
import Testing

@Suite("Reading breakers")
struct BreakerReadingTests {
    private static let now = 1_795_476_600_000_000

    private func read(_ fields: [String: String]) -> BreakerReading {
        BreakerReading(upstream: "users", fields: fields, now: Self.now)
    }

    @Test("an open breaker tells since when, why, on whose word, and when it is probed")
    func open() {
        let reading = read([
            "state": "open", "epoch": "42", "since": "\(Self.now - 3_000_000)", "until": "\(Self.now + 27_000_000)",
            "cause": "10 failures in a row, seen by 2 of 3 nodes", "calls": "30", "failed": "10", "slow": "1",
            "traffic:node2": "\(Self.now - 200_000)", "row:node2": "5", "traffic:node1": "\(Self.now - 100_000)",
        ])
        #expect(reading.state == .open)
        #expect(reading.epoch == 42)
        #expect(reading.ageMicroseconds == 3_000_000)
        #expect(reading.remainingMicroseconds == 27_000_000)
        #expect(reading.cause.contains("2 of 3"))
        #expect([reading.calls, reading.failed, reading.slow] == [30, 10, 1])
        #expect(reading.evidence.map(\.node) == ["node1", "node2"])
        #expect(reading.evidence.map(\.row) == [0, 5])
        #expect(reading.evidence.map(\.sinceReportMicroseconds) == [100_000, 200_000])
        #expect(reading.force == nil)
    }

    @Test("a force holds until its end")
    func forced() {
        let fields = ["state": "closed", "forced": "closed", "until": "\(Self.now + 5)"]
        #expect(read(fields).force == .closed)
        #expect(read(fields).remainingMicroseconds == 5)
        let over = read(fields.merging(["until": "\(Self.now - 5)"]) { $1 })
        #expect(over.force == nil)
        #expect(over.remainingMicroseconds == nil)
    }

    @Test("probes are out until they end or lapse")
    func probes() {
        let reading = read([
            "state": "half-open", "probe:1": "node 7 until \(Self.now + 1)", "probe:2": "node2 until \(Self.now)",
            "probe:3": "node3 succeeded",
        ])
        #expect(reading.probing == ["node 7"])
    }

    @Test("what does not read as a breaker is a closed one")
    func rubbish() {
        let reading = read(["state": "ajar", "epoch": "x", "since": "\(Int.min)", "until": "\(Int.max)", "calls": ""])
        #expect(reading.state == .closed)
        #expect(reading.calls == 0)
        #expect(reading.remainingMicroseconds == nil)
    }
}
