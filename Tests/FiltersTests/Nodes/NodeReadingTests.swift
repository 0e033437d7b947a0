import Testing

@testable import Filters

@Suite("What nodes tell of themselves")
struct NodeReadingTests {
    @Test("requests a second are told from two counts")
    func pace() {
        var pace = RequestPace()
        let start = ContinuousClock.now
        #expect(pace.perSecond(1000, at: start) == "0.0", "one count is none")
        #expect(pace.perSecond(1005, at: start + .seconds(2)) == "2.5")
        #expect(pace.perSecond(1005, at: start + .seconds(3)) == "0.0")
        #expect(pace.perSecond(0, at: start + .seconds(4)) == "0.0", "counts that fell are not less than nothing")
        #expect(pace.perSecond(7, at: start + .seconds(4)) == "0.0", "no time has passed")
    }

    @Test("a node that has not described itself is still one")
    func bare() {
        let reading = NodeReading(id: "node1", seen: 5_000_000, fields: [:], now: 6_500_000)
        #expect(reading.sinceSeenMicroseconds == 1_500_000)
        #expect(reading.uptimeMicroseconds == nil)
        #expect(reading.address.isEmpty)
    }

    @Test("its hash is told as it stands")
    func whole() {
        let reading = NodeReading(
            id: "node1", seen: 6_000_000,
            fields: ["started": "1000000", "address": "0.0.0.0:8080", "revision": "abc", "requests": "12.5"],
            now: 6_000_000)
        #expect(reading.uptimeMicroseconds == 5_000_000)
        #expect([reading.address, reading.revision, reading.requests] == ["0.0.0.0:8080", "abc", "12.5"])
    }
}
