import Testing

@testable import Policies

@Suite("RFC 9111 section 3: storing responses")
struct RFC9111Section3Tests {
    private func decide(
        _ facts: CacheResponseFacts, _ rules: StorageRules = StorageRules(), hasAuthorization: Bool = false,
        forbidsStoring: Bool = false
    ) -> StorageRules.Decision {
        rules.decide(
            StorageRules.Request(forbidsStoring: forbidsStoring, hasAuthorization: hasAuthorization), facts,
            now: cacheNow)
    }

    @Test(
        "what forbids to store a response, and why",
        arguments: [
            (200, ["Cache-Control: no-store, max-age=9"], StorageRules.Refusal.noStore),
            (200, ["Cache-Control: max-age=9, PRIVATE"], .isPrivate),
            (200, ["Cache-Control: max-age=9", "Cache-Control: no-store"], .noStore),
            (200, ["Cache-Control: max-age=9", "Vary: Accept, *"], .varyStar),
            (200, ["Cache-Control: max-age=0", "ETag: \"a\"", "Set-Cookie: a=b"], .setCookie),
            (200, ["Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT", "Set-Cookie: a=b"], .setCookie),
            (200, ["Expires: 0", "ETag: \"a\"", "Set-Cookie: a=b"], .setCookie),
            (200, ["Cache-Control: max-age=9", "Set-Cookie: a=b"], nil),
            (
                200,
                [
                    "Date: Tue, 24 Nov 2026 10:00:00 GMT", "Expires: Tue, 24 Nov 2026 10:00:09 GMT",
                    "Set-Cookie: a=b",
                ], nil
            ),
            (200, [], .noFreshness), (200, ["Cache-Control: max-age=0"], .noFreshness),
            (206, ["Cache-Control: max-age=9"], .partial), (304, ["Cache-Control: max-age=9"], .status),
            (
                201,
                [
                    "Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT",
                    "Cache-Control: must-understand, no-store, max-age=9",
                ], nil
            ),
            (299, ["Cache-Control: must-understand, max-age=9"], .status),
        ] as [(Int, [String], StorageRules.Refusal?)])
    func refusals(_ status: Int, _ lines: [String], _ refusal: StorageRules.Refusal?) {
        #expect(decide(responseFacts(status, lines)).refusal == refusal)
    }

    @Test("section 7.3: a cookie is not shared because the route would have it so")
    func cookies() {
        var rules = StorageRules()
        rules.forceTTL = 60_000_000
        #expect(decide(responseFacts(200, "Set-Cookie: a=b"), rules).refusal == .setCookie)
        #expect(decide(responseFacts(200, "Cache-Control: max-age=0", "Set-Cookie: a=b"), rules).refusal == .setCookie)
        rules = StorageRules()
        rules.ttl = 60_000_000
        #expect(decide(responseFacts(200, "Set-Cookie: a=b"), rules).refusal == .setCookie)
    }

    @Test("a route's ttl does not make clients share what has no end, an origin's word does")
    func eventStreams() {
        var rules = StorageRules()
        rules.ttl = 60_000_000
        let type = "Content-Type: Text/Event-Stream; charset=utf-8"
        #expect(decide(responseFacts(200, type), rules).refusal == .eventStream)
        #expect(decide(responseFacts(200, type, "Cache-Control: max-age=9"), rules).refusal == nil)
        #expect(decide(responseFacts(200, "Content-Type: text/event-streams"), rules).refusal == nil)
    }

    @Test(
        "how long a response is fresh (section 4.2.1)",
        arguments: [
            (["Cache-Control: max-age=60"], 60), (["Cache-Control: max-age=60, s-maxage=30"], 30),
            (["cache-control: MAX-AGE=\"60\""], 60), (["Cache-Control: max-age=60, max-age=10"], 10),
            (["Cache-Control: max-age=99999999999999999999"], 1 << 31),
            (["Expires: Tue, 24 Nov 2026 10:01:00 GMT"], 60),
            (["Expires: Tue, 24 Nov 2026 10:01:00 GMT", "Date: Tue, 24 Nov 2026 10:00:30 GMT"], 30),
            (["Expires: Tue, 24 Nov 2026 10:01:00 GMT", "Cache-Control: max-age=5"], 5),
            (["Date: Tue, 24 Nov 2026 10:00:00 GMT", "Last-Modified: Tue, 24 Nov 2026 09:50:00 GMT"], 60),
            (["Last-Modified: Sun, 24 Nov 2002 09:50:00 GMT"], 86_400),
            (["Cache-Control: max-age=5", "CDN-Cache-Control: max-age=70"], 70),
            (["Cache-Control: max-age=5", "CDN-Cache-Control: max-age=70, &"], 5),
            (["Cache-Control: max-age=5", "CDN-Cache-Control: max-age=\"70\", foo"], 5),
            (["Cache-Control: no-store", "CDN-Cache-Control: max-age=70;a=1, s-maxage=80"], 80),
        ] as [([String], Int?)])
    func freshness(_ lines: [String], _ seconds: Int?) {
        let fresh = decide(responseFacts(200, lines)).lifetime?.fresh
        #expect(fresh == seconds.map { $0 * 1_000_000 })
    }

    @Test("what is no date, no number or no directive makes a response stale, never fresh")
    func nonsense() {
        for line in [
            "Cache-Control: max-age=abc", "Cache-Control: max-age=-5", "Cache-Control: max-age=1.5", "Expires: 0",
            "Expires: tomorrow", "Cache-Control: max-age", "Cache-Control: \"max-age=60\"",
        ] {
            #expect(decide(responseFacts(200, [line])).lifetime == nil, "\(line)")
        }
    }

    @Test(
        "a status that doesn't go without saying wants a word of the origin or of the route",
        arguments: [
            (500, [], false), (503, ["ETag: \"a\""], false),
            (201, ["Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT"], false),
            (500, ["Cache-Control: must-revalidate"], false), (500, ["Cache-Control: max-age=9"], true),
            (299, ["Cache-Control: s-maxage=9"], true), (599, ["Expires: Tue, 24 Nov 2026 10:01:00 GMT"], true),
            (302, ["CDN-Cache-Control: max-age=9"], true), (404, ["ETag: \"a\""], true), (200, [], true),
        ] as [(Int, [String], Bool)])
    func statuses(_ status: Int, _ lines: [String], _ isStored: Bool) {
        var rules = StorageRules()
        rules.staleWhileRevalidate = 3_000_000
        rules.staleIfError = 60_000_000
        #expect((decide(responseFacts(status, lines), rules).lifetime != nil) == isStored)
    }

    @Test(
        "with explicit freshness every final status is stored",
        arguments: [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599])
    func explicit(_ status: Int) {
        #expect(decide(responseFacts(status, "Cache-Control: max-age=9")).lifetime?.fresh == 9_000_000)
    }

    @Test("a contradiction counts as what is stale soonest, and the first date as the date (section 4.2.1)")
    func contradictions() {
        let expires = ["Expires: Tue, 24 Nov 2026 10:01:00 GMT", "Expires: Tue, 24 Nov 2026 10:00:20 GMT"]
        for lines in [expires, expires.reversed()] {
            #expect(decide(responseFacts(200, lines)).lifetime?.fresh == 20_000_000)
        }
        #expect(decide(responseFacts(200, expires + ["Expires: 0"])).lifetime == nil)
        let dates = responseFacts(200, "Date: Tue, 24 Nov 2026 09:59:50 GMT", "Date: never")
        #expect(dates.initialAge(delay: 0) == 10_000_000)
    }

    @Test("section 3.5: with Authorization only what says that it may be shared")
    func authorization() {
        for (line, isStored) in [
            ("max-age=9", false), ("max-age=9, public", true), ("s-maxage=9", true),
            ("max-age=9, must-revalidate", true),
        ] {
            let facts = responseFacts(200, "Cache-Control: \(line)")
            #expect((decide(facts, hasAuthorization: true).lifetime != nil) == isStored, "\(line)")
        }
        var rules = StorageRules()
        rules.isPerIdentity = true
        #expect(decide(responseFacts(200, "Cache-Control: max-age=9"), rules, hasAuthorization: true).lifetime != nil)
    }

    @Test("the route's ttl fills in, and its force_ttl overrides, for its statuses and within what is allowed")
    func routeTimes() {
        var rules = StorageRules()
        rules.ttl = 5_000_000
        #expect(decide(responseFacts(200, []), rules).lifetime?.fresh == 5_000_000)
        #expect(decide(responseFacts(500, []), rules).lifetime == nil)
        #expect(decide(responseFacts(200, "Cache-Control: max-age=1"), rules).lifetime?.fresh == 1_000_000)
        rules.ttl = nil
        rules.forceTTL = 7_000_000
        #expect(decide(responseFacts(200, "Cache-Control: max-age=1, no-cache"), rules).lifetime?.fresh == 7_000_000)
        #expect(decide(responseFacts(200, "Cache-Control: private"), rules).refusal == .isPrivate)
        rules.statuses = [503]
        #expect(decide(responseFacts(200, []), rules).refusal == .noFreshness)
        #expect(decide(responseFacts(503, []), rules).lifetime?.fresh == 7_000_000)
    }

    @Test("stale windows: the response's, else the route's; must-revalidate and s-maxage forbid the route's")
    func staleWindows() {
        var rules = StorageRules()
        rules.staleWhileRevalidate = 3_000_000
        rules.staleIfError = 4_000_000
        let plain = decide(responseFacts(200, "Cache-Control: max-age=9"), rules).lifetime
        #expect(plain?.staleWhileRevalidate == 3_000_000 && plain?.staleIfError == 4_000_000)
        let own = decide(
            responseFacts(200, "Cache-Control: max-age=9, stale-while-revalidate=1, stale-if-error=2"), rules
        )
        .lifetime
        #expect(own?.staleWhileRevalidate == 1_000_000 && own?.staleIfError == 2_000_000)
        for line in ["max-age=9, must-revalidate", "max-age=9, proxy-revalidate", "s-maxage=9"] {
            #expect(
                decide(responseFacts(200, "Cache-Control: \(line)"), rules).lifetime?.forbidsStale == true, "\(line)")
        }
        let shared = decide(responseFacts(200, "Cache-Control: s-maxage=9, stale-while-revalidate=5"), rules).lifetime
        #expect(shared?.forbidsStale == false && shared?.staleWhileRevalidate == 5_000_000)
    }

    @Test("fields that no-cache and private name are kept out, and the rest may be used")
    func withheld() {
        let facts = responseFacts(200, "Cache-Control: max-age=9, no-cache=\"X-A, x-b\", private=Set-Cookie")
        #expect(facts.directives.withheldFields == ["x-a", "x-b", "set-cookie"])
        #expect(decide(facts).lifetime?.alwaysValidates == false)
        let cookie = responseFacts(200, "Cache-Control: max-age=9, no-cache=\"Set-Cookie\"", "Set-Cookie: a=b")
        #expect(decide(cookie).lifetime?.fresh == 9_000_000)
        let lines = Array("X-A: 1\r\nX-C: 2\r\nX-B: 3\r\n".utf8)
        #expect(StoredFields.without(["x-a", "x-b"], lines) == Array("X-C: 2\r\n".utf8))
    }

    @Test("whatever bytes come, the rules decide")
    func garbage() {
        var generator = Seeded(seed: 7)
        let names = ["Cache-Control", "CDN-Cache-Control", "Vary", "Expires", "Age", "Date", "ETag", "Last-Modified"]
        let words = [
            "max-age", "=", "\"", "\\", ",", ";", " ", "60", "-1", "no-store", "*", "Mon", "GMT", ":", "?1", "é",
        ]
        for _ in 0..<3000 {
            let lines = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
                    words.randomElement(using: &generator)!
                }
                return "\(names.randomElement(using: &generator)!): \(text.joined())"
            }
            let facts = responseFacts(Int.random(in: 200...599, using: &generator), lines)
            let decision = decide(facts)
            #expect((decision.lifetime?.fresh ?? 0) >= 0 && (decision.lifetime?.useful ?? 1) > 0)
            #expect(facts.initialAge(delay: 5) >= 0)
        }
    }

    @Test(
        "RFC 9110 §9.3.3: a response to POST serves others only if the origin says so by its URL and its freshness",
        arguments: [
            (200, ["Cache-Control: max-age=9"], 9), (200, ["Cache-Control: s-maxage=8, max-age=0"], 8),
            (200, ["CDN-Cache-Control: max-age=7", "Cache-Control: no-store"], 7),
            (200, ["Date: Tue, 24 Nov 2026 10:00:00 GMT", "Expires: Tue, 24 Nov 2026 10:00:06 GMT"], 6),
            (200, ["Cache-Control: public", "Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT"], nil),
            (200, ["Cache-Control: max-age=0", "ETag: \"a\""], nil), (200, ["ETag: \"a\""], nil), (200, [], nil),
            (200, ["Expires: 0"], nil), (200, ["Cache-Control: max-age=9, private"], nil),
            (200, ["Cache-Control: max-age=9", "Vary: *"], nil),
            (200, ["Cache-Control: max-age=9", "Set-Cookie: a=b"], nil), (201, ["Cache-Control: max-age=9"], nil),
        ] as [(Int, [String], Int?)])
    func posted(_ status: Int, _ lines: [String], _ seconds: Int?) {
        var rules = StorageRules()
        rules.ttl = 60_000_000
        let request = StorageRules.Request(forbidsStoring: false, hasAuthorization: false)
        func lifetime(isAtTarget: Bool) -> CacheLifetime? {
            rules.decidePosted(request, responseFacts(status, lines), isAtTarget: isAtTarget, now: cacheNow)
        }
        #expect(lifetime(isAtTarget: true)?.fresh == seconds.map { $0 * 1_000_000 })
        #expect(lifetime(isAtTarget: false) == nil)
    }
}
