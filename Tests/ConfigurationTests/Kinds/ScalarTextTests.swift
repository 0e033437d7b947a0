import Testing

@testable import Configuration

@Suite("Durations, sizes, rates and their like")
struct ScalarTextTests {
    @Test(
        "durations are read in microseconds",
        arguments: [
            ("250ms", 250_000), ("30s", 30_000_000), ("5m", 300_000_000), ("24h", 86_400_000_000),
            ("1m30s", 90_000_000), ("1d", 86_400_000_000), ("0s", 0), ("1h5ms", 3_600_005_000),
        ])
    func durations(text: String, microseconds: Int) {
        #expect(DurationText.read(text) == microseconds)
    }

    @Test(
        "what is no duration is refused",
        arguments: [
            "", "30", "s", "-1s", "+1s", "1.5s", "30s1m", "1s1s", "1 s", "s1", "99999999999999999999s",
            "9223372036854775807ms", "213503982d1000000000000h", "٣s",
        ])
    func badDurations(text: String) {
        #expect(DurationText.read(text) == nil)
    }

    @Test(
        "a written duration reads as itself",
        arguments: [0, 1_000, 250_000, 90_000_000, 86_400_000_000, 604_800_000_000])
    func durationRoundTrip(microseconds: Int) {
        #expect(DurationText.read(DurationText.write(microseconds)) == microseconds)
    }

    @Test(
        "sizes are read in bytes",
        arguments: [("512", 512), ("64KiB", 65_536), ("10MiB", 10_485_760), ("1GiB", 1_073_741_824), ("0", 0)])
    func sizes(text: String, bytes: Int) {
        #expect(SizeText.read(text) == bytes)
    }

    @Test("what is no size is refused", arguments: ["", "KiB", "10MB", "-1", "1.5MiB", "10 MiB", "99999999999999GiB"])
    func badSizes(text: String) {
        #expect(SizeText.read(text) == nil)
    }

    @Test(
        "rates are read as count and period",
        arguments: [
            ("100/minute", 100, 60_000_000), ("10/second", 10, 1_000_000), ("10000/day", 10_000, 86_400_000_000),
            ("5/10s", 5, 10_000_000), ("100/hour", 100, 3_600_000_000), ("1/1m30s", 1, 90_000_000),
            ("7/week", 7, 604_800_000_000), ("9/month", 9, 2_678_400_000_000),
        ])
    func rates(text: String, count: Int, period: Int) {
        let rate = RateText.read(text)
        #expect(rate?.count == count)
        #expect(rate?.period == period)
    }

    @Test(
        "a slip in a rate, a duration or a size is recognised",
        arguments: [
            ("100/minutes", "100/minute"), ("100/min", "100/minute"), ("100 per minute", "100/minute"),
            ("10r/s", "10/second"), ("5 / 10 s", "5/10s"), ("100/mniute", "100/minute"), ("7/Day", "7/day"),
            ("10000/months", "10000/month"), ("5 per week", "5/week"), ("1/mo", "1/month"),
        ])
    func slips(text: String, meant: String) {
        #expect(RateText.nearest(text) == meant)
    }

    @Test("nothing is suggested for what means nothing", arguments: ["", "fast", "/", "100/", "100/parsec", "minute"])
    func noSuggestion(text: String) {
        #expect(RateText.nearest(text) == nil)
    }

    @Test("units of other tools lead to ours")
    func units() {
        #expect(DurationText.nearest("30") == "30s")
        #expect(DurationText.nearest("5 Minutes") == "5m")
        #expect(SizeText.nearest("10MB") == "10MiB")
        #expect(SizeText.nearest("64k") == "64KiB")
    }

    @Test(
        "a slip of the fingers is one step away",
        arguments: [("path", "pathh", 1), ("path", "apth", 1), ("path", "pat", 1), ("path", "puth", 1), ("", "ab", 2)])
    func distances(left: String, right: String, distance: Int) {
        #expect(NearestName.distance(Array(left.utf8), Array(right.utf8)) == distance)
        #expect(NearestName.distance(Array(right.utf8), Array(left.utf8)) == distance)
    }

    @Test("names that are far off are not suggested")
    func nearest() {
        #expect(NearestName.of("upstreem", among: ["upstream", "name"]) == "upstream")
        #expect(NearestName.of("Upstream", among: ["upstream"]) == "upstream")
        #expect(NearestName.of("zzz", among: ["upstream", "name"]) == nil)
    }
}
