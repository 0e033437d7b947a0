import Filters
import Policies
import Testing

@Suite("Reading buckets")
struct BucketReadingTests {
    private static let now = 1_795_476_600_000_000

    private func read(_ fields: [String: String]) -> BucketReading {
        BucketReading(policy: "users.consumer", subject: "acme", fields: fields, now: Self.now)
    }

    private func window(_ name: String, tokens: Int, secondsAgo: Int, of capacity: Int, _ rate: String)
        -> [String: String]
    {
        [
            "\(name).tokens": "\(tokens)", "\(name).fraction": "0",
            "\(name).updated": "\(Self.now - secondsAgo * 1_000_000)", "\(name).capacity": "\(capacity)",
            "\(name).rate": rate,
        ]
    }

    @Test("windows are advanced to the present")
    func advanced() {
        let reading = read(
            window("hour", tokens: 100, secondsAgo: 36, of: 1000, "1000/hour")
                .merging(window("second", tokens: 0, secondsAgo: 0, of: 10, "10/second")) { $1 })
        #expect(reading.windows.map(\.name) == ["hour", "second"])
        #expect(reading.windows.map(\.tokens) == [110, 0])
        #expect(reading.windows.map(\.ready) == [.now, .after(microseconds: 100_000)])
        #expect(reading.windows.last?.full == .after(microseconds: 1_000_000))
        #expect(reading.shareLeft == 0)
    }

    @Test("live leases are listed, the largest first; tokens of lapsed ones are lost")
    func leases() {
        var fields = window("minute", tokens: 40, secondsAgo: 0, of: 100, "100/minute")
        fields["lease:node1/0-a"] = "5 \(Self.now + 50_000) 3"
        fields["lease:node2/1-b"] = "12 \(Self.now + 80_000) 9"
        fields["lease:node3/0-c"] = "30 \(Self.now - 1) 4"
        let reading = read(fields)
        #expect(reading.leases.map(\.holder) == ["node2/1-b", "node1/0-a"])
        #expect(reading.leases.map(\.remainingMicroseconds) == [80_000, 50_000])
        #expect(reading.leased == 17)
        #expect(reading.windows.first?.tokens == 40)
        #expect(reading.shareLeft == 0.57)
    }

    @Test("what does not read as a bucket is passed over, and nothing overflows")
    func rubbish() {
        let huge = "\(Int.max)"
        let low = "\(Int.min)"
        #expect(read(["minute.tokens": "many", "minute.capacity": "100"]).windows.isEmpty)
        #expect(read(["minute.tokens": "1", "minute.capacity": "0"]).windows.isEmpty)
        #expect(read([".tokens": huge, ".capacity": huge, "x": low]).windows.isEmpty)
        for value in [huge, low, "9007199254740992", "-9007199254740992", "0", "-1"] {
            for amount in ["1000000000", value] {
                let fields = window("minute", tokens: 1, secondsAgo: 0, of: 100, "100/minute")
                for field in ["tokens", "fraction", "updated"] {
                    var fields = fields
                    fields["minute.\(field)"] = value
                    fields["lease:n"] = "\(amount) \(value) 1"
                    #expect(read(fields).windows.count <= 1)
                }
                for (field, text) in [("slices", "\(value):\(amount) 5"), ("used", value), ("rate", "\(value)/second")]
                {
                    var fields = fields
                    fields["minute.\(field)"] = text
                    #expect(read(fields).windows.count <= 1)
                }
            }
        }
    }

    @Test("a rate that can't be read leaves the tokens as they are stored")
    func unknownRate() {
        let reading = read(window("month", tokens: 7, secondsAgo: 60, of: 100, "100/lunation"))
        #expect(reading.windows.map(\.tokens) == [7])
        #expect(reading.windows.map(\.ready) == [.unknown])
    }

    @Test("a sliding window counts what its slices hold, and tells when they leave it")
    func sliding() {
        // 32nds of a minute; the oldest of these has left it.
        let length = 1_875_000
        let current = Self.now / length
        let slices = "\(current - 40):50 \(current - 30):6 \(current):4"
        let reading = read([
            "minute-sliding.slices": slices, "minute-sliding.capacity": "10", "minute-sliding.rate": "10/minute",
        ])
        let window = reading.windows.first
        #expect(window?.tokens == 0)
        #expect(window?.ready == .after(microseconds: (current - 29) * length + 60_000_000 - Self.now))
        #expect(window?.full == .after(microseconds: (current + 1) * length + 60_000_000 - Self.now))
        let empty = read([
            "minute-sliding.slices": "", "minute-sliding.capacity": "10", "minute-sliding.rate": "10/minute",
        ])
        #expect(empty.windows.map(\.tokens) == [10])
        #expect(empty.windows.map(\.full) == [.now])
    }

    @Test("a calendar's window ends with its day, of which Redis knows the beginning only")
    func calendar() {
        func day(used: Int, hoursAgo: Int) -> BucketReading.Window? {
            read([
                "calendar-day.used": "\(used)", "calendar-day.since": "\(Self.now - hoursAgo * 3_600_000_000)",
                "calendar-day.capacity": "100", "calendar-day.rate": "100/day",
            ]).windows.first
        }
        #expect(day(used: 30, hoursAgo: 5)?.tokens == 70)
        #expect(day(used: 30, hoursAgo: 5)?.ready == .now)
        #expect(day(used: 30, hoursAgo: 5)?.full == .end(of: .day))
        #expect(day(used: 100, hoursAgo: 5)?.ready == .end(of: .day))
        #expect(day(used: 100, hoursAgo: 25)?.tokens == 100, "no day is longer")
        let hour = read([
            "calendar-hour.used": "5", "calendar-hour.since": "\(Self.now - 60_000_000)",
            "calendar-hour.capacity": "5", "calendar-hour.rate": "5/hour",
        ])
        #expect(hour.windows.map(\.ready) == [.after(microseconds: 3_540_000_000)])
    }

    @Test("a key names its policy and subject, also one with colons")
    func keys() {
        let name = BucketName(key: "sluice:bucket:{users.ip:2001:db8::1}")
        #expect(name?.policy == "users.ip")
        #expect(name?.subject == "2001:db8::1")
        #expect(name?.bucketKey("sluice") == "sluice:bucket:{users.ip:2001:db8::1}")
        for other in ["", "sluice:nodes", "sluice:bucket:{x}", "sluice:bucket:{a:b"] {
            #expect(BucketName(key: other) == nil)
        }
    }

    @Test("subjects may be written as they are, or as Redis shows them")
    func subjects() {
        func stored(_ subject: String) -> String { BucketName(policy: "p", subject: subject).subject }
        #expect(stored("acme") == "acme")
        #expect(stored("(none)") == "%28none%29")
        #expect(stored("%28none%29") == "%28none%29")
        #expect(stored("100%") == "100%25")
        #expect(stored("*") == "%2A")
        let long = stored(String(repeating: "x", count: 200))
        #expect(long.contains(/^x{64}~[0-9a-f]{32}$/))
        #expect(stored(long) == long)
    }
}
