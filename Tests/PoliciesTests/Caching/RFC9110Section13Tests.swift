import Testing

@testable import Policies

@Suite("RFC 9110 sections 13 and 14: preconditions and ranges")
struct RFC9110Section13Tests {
    private func outcome(_ etag: String, modified: Int?, _ fields: (String, String)...) -> ConditionalRequest.Outcome {
        var facts = CacheRequestFacts()
        for (name, value) in fields { withText(name) { name in withText(value) { facts.add(name: name, value: $0) } } }
        return facts.conditions.evaluate(etag: Array(etag.utf8), lastModified: modified)
    }

    @Test("If-None-Match compares weakly, and comes before the date (section 13.2.2)")
    func tags() {
        #expect(outcome("\"a\"", modified: nil, ("If-None-Match", "\"b\", W/\"a\"")) == .notModified)
        #expect(outcome("W/\"a\"", modified: nil, ("If-None-Match", "\"a\"")) == .notModified)
        #expect(outcome("\"a\"", modified: nil, ("If-None-Match", "\"b\"")) == .proceed)
        #expect(outcome("\"a\"", modified: nil, ("If-None-Match", "*")) == .notModified)
        #expect(outcome("", modified: nil, ("If-None-Match", "\"\"")) == .proceed)
        #expect(outcome("\"a,b\"", modified: nil, ("If-None-Match", "\"x\", \"a,b\"")) == .notModified)
        #expect(outcome("\"a\\\"", modified: nil, ("If-None-Match", "\"a\\\", \"b\"")) == .notModified)
        #expect(outcome("\"b\"", modified: nil, ("If-None-Match", "\"a\""), ("If-None-Match", "\"b\"")) == .notModified)
        let date = HTTPTime.text(cacheNow)
        #expect(
            outcome("\"a\"", modified: cacheNow, ("If-None-Match", "\"b\""), ("If-Modified-Since", date)) == .proceed)
        #expect(outcome("", modified: cacheNow, ("If-Modified-Since", date)) == .notModified)
        #expect(outcome("", modified: cacheNow + 1, ("If-Modified-Since", date)) == .proceed)
    }

    @Test("If-Match and If-Unmodified-Since are for the origin to judge (RFC 9111 section 4.3.2)")
    func forOrigin() {
        #expect(requestFacts(("If-Match", "*")).conditions.isForOrigin)
        #expect(requestFacts(("if-unmodified-since", "nonsense")).conditions.isForOrigin)
        #expect(!requestFacts(("If-None-Match", "\"a\""), ("If-Modified-Since", "x")).conditions.isForOrigin)
    }

    @Test(
        "a range of ten bytes",
        arguments: [
            ("bytes=0-3", RangeRequest.Outcome.part(0..<4)), ("bytes=4-", .part(4..<10)), ("bytes=-2", .part(8..<10)),
            ("bytes=-20", .part(0..<10)), ("bytes=8-20", .part(8..<10)), ("BYTES = 1-2", .whole),
            ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=3-1", .whole), ("bytes=a-b", .whole),
            ("bytes=0-1,3-4", .whole), ("items=0-1", .whole), ("bytes=", .whole), ("bytes=-", .whole),
            ("bytes=99999999999999999999-", .unsatisfiable), ("bytes=0-0", .part(0..<1)), ("bytes=9-9", .part(9..<10)),
            ("bytes=0 - 3", .whole), ("bytes=0-3-5", .whole), ("bytes=--3", .whole), ("bytes=+1-3", .whole),
            ("bytes=0-3,", .part(0..<4)), ("bytes", .whole), ("", .whole),
            ("bytes=0-99999999999999999999", .part(0..<10)),
        ])
    func ranges(_ text: String, _ expected: RangeRequest.Outcome) {
        let outcome = withText(text) {
            RangeRequest.evaluate($0, ifRange: nil, length: 10, etag: [], lastModified: nil)
        }
        #expect(outcome == expected)
    }

    @Test("If-Range wants the very response that is stored")
    func ifRange() {
        func isPart(_ ifRange: String, etag: String, modified: Int?) -> Bool {
            withText("bytes=0-1") { range in
                withText(ifRange) {
                    RangeRequest.evaluate(
                        range, ifRange: $0, length: 9, etag: Array(etag.utf8), lastModified: modified) == .part(0..<2)
                }
            }
        }
        #expect(isPart("\"a\"", etag: "\"a\"", modified: nil))
        #expect(!isPart("W/\"a\"", etag: "W/\"a\"", modified: nil))
        #expect(!isPart("\"b\"", etag: "\"a\"", modified: nil))
        #expect(isPart(HTTPTime.text(cacheNow), etag: "", modified: cacheNow))
        #expect(!isPart(HTTPTime.text(cacheNow + 1), etag: "", modified: cacheNow))
    }

    @Test("a Last-Modified of the very second of the response proves nothing (section 8.8.2.2)")
    func strongDates() {
        let modified = "Last-Modified: Tue, 24 Nov 2026 09:59:59 GMT"
        #expect(responseFacts(200, modified, "Date: Tue, 24 Nov 2026 10:00:00 GMT").isLastModifiedStrong)
        #expect(!responseFacts(200, modified, "Date: Tue, 24 Nov 2026 09:59:59 GMT").isLastModifiedStrong)
        #expect(!responseFacts(200, modified).isLastModifiedStrong)
        #expect(!responseFacts(200, "Date: Tue, 24 Nov 2026 10:00:00 GMT").isLastModifiedStrong)
    }

    @Test("no bytes of a Range field reach outside of the body, whatever they are")
    func randomRanges() {
        var generator = Seeded(seed: 11)
        let words = ["bytes=", "-", "0", "7", ",", " ", "99", "a", "=", "bytes"]
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 0...7, using: &generator)).map { _ in words.randomElement(using: &generator)!
            }.joined()
            let length = Int.random(in: 0...20, using: &generator)
            let outcome = withText(text) {
                RangeRequest.evaluate($0, ifRange: nil, length: length, etag: [], lastModified: nil)
            }
            if case .part(let range) = outcome {
                #expect(!range.isEmpty && range.lowerBound >= 0 && range.upperBound <= length, "\(text)")
            }
        }
    }

    @Test("dates in their three forms (RFC 9110 section 5.6.7), and back")
    func dates() {
        func seconds(_ text: String) -> Int? { withText(text) { HTTPTime.parse($0, now: cacheNow) } }
        #expect(seconds("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(seconds("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(seconds("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(HTTPTime.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(seconds("Thu, 29 Feb 2024 00:00:00 GMT").map(HTTPTime.text) == "Thu, 29 Feb 2024 00:00:00 GMT")
        for odd in [
            "SUN, 06 Nov 1994 08:49:37 GMT", "Sun, 06 NOV 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gMT",
            "SUNDAY, 06-nov-94 08:49:37 gmt", "sun nov  6 08:49:37 1994",
        ] {
            #expect(seconds(odd) == 784_111_777, "\(odd)")
        }
        for wrong in [
            "", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
            "Sun, 31 Feb 2024 00:00:00 GMT", "Sun, 29 Feb 2023 00:00:00 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 AEST", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06  Nov  1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT", "Sunday, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT", "Sundae, 06-Nov-94 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun,06 Nov 1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov   6 08:49:37 1994",
            "Sun Nov  16 08:49:37 1994", "Sunday Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 08:49:37 GMT+1", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 001:2:03 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun,",
            "Sun Nov  6 08:49:37 94", "Sun, 06 Nov 1994 08:49:37 +0000", "Su", "-1",
        ] {
            #expect(seconds(wrong) == nil, "\(wrong)")
        }
        #expect(seconds("Sunday, 06-Nov-70 08:49:37 GMT") == seconds("Thu, 06 Nov 2070 08:49:37 GMT"))
        #expect(withText("Tuesday, 24-Nov-26 10:00:00 GMT") { HTTPTime.parse($0) } == cacheNow)
        for time in stride(from: -3_000_000_000, through: 5_000_000_000, by: 98_765_432) where time > 0 {
            #expect(seconds(HTTPTime.text(time)) == time)
        }
    }
}
