import Testing

@testable import Policies

@Suite("RFC 9111 section 4: constructing responses from caches")
struct RFC9111Section4Tests {
    private func lifetime(_ fresh: Int, swr: Int = 0, sie: Int = 0) -> CacheLifetime {
        var lifetime = CacheLifetime(fresh: fresh * 1_000_000)
        lifetime.staleWhileRevalidate = swr * 1_000_000
        lifetime.staleIfError = sie * 1_000_000
        return lifetime
    }

    private func reuse(_ lifetime: CacheLifetime, age: Int, _ directives: String = "") -> Reuse {
        var request = CacheDirectives()
        if !directives.isEmpty { withText(directives) { request.add($0) } }
        return Reuse.decide(lifetime, age: age * 1_000_000, request: request)
    }

    @Test("fresh, stale and very stale (section 4.2, RFC 5861)")
    func ages() {
        let life = lifetime(10, swr: 5, sie: 20)
        #expect(reuse(life, age: 9) == .fresh)
        #expect(reuse(life, age: 10) == .staleWhileRevalidating)
        #expect(reuse(life, age: 14) == .staleWhileRevalidating)
        #expect(reuse(life, age: 15) == .validate(servesOnError: true))
        #expect(reuse(life, age: 30) == .validate(servesOnError: false))
        #expect(Reuse.decide(life, age: 0, request: CacheDirectives(), isPurgedSoftly: true) == .staleWhileRevalidating)
    }

    @Test("what a request asks for (section 5.2.1)")
    func requests() {
        let life = lifetime(10)
        #expect(reuse(life, age: 5, "no-cache") == .validate(servesOnError: false))
        #expect(reuse(life, age: 5, "max-age=4") == .validate(servesOnError: false))
        #expect(reuse(life, age: 5, "max-age=5") == .fresh)
        #expect(reuse(life, age: 6, "min-fresh=5") == .validate(servesOnError: false))
        #expect(reuse(life, age: 5, "min-fresh=5") == .fresh)
        #expect(reuse(life, age: 10, "min-fresh=0") == .validate(servesOnError: false))
        #expect(reuse(life, age: 12, "min-fresh=1, max-stale") == .validate(servesOnError: false))
        #expect(reuse(life, age: 12, "max-stale=1, max-stale") == .validate(servesOnError: false))
        #expect(reuse(life, age: 12, "max-stale=x") == .validate(servesOnError: false))
        #expect(reuse(life, age: 12, "max-stale") == .staleByRequest)
        #expect(reuse(life, age: 12, "max-stale=2") == .staleByRequest)
        #expect(reuse(life, age: 13, "max-stale=2") == .validate(servesOnError: false))
        #expect(reuse(life, age: 13, "stale-if-error=5") == .validate(servesOnError: true))
    }

    @Test("must-revalidate and no-cache are stronger than whatever allows stale ones (section 4.2.4)")
    func forbidden() {
        var life = lifetime(10, swr: 100, sie: 100)
        life.forbidsStale = true
        for directives in ["", "max-stale", "stale-if-error=100"] {
            #expect(reuse(life, age: 11, directives) == .validate(servesOnError: false), "\(directives)")
        }
        life = lifetime(10, swr: 100, sie: 100)
        life.alwaysValidates = true
        #expect(reuse(life, age: 1) == .validate(servesOnError: false))
    }

    @Test("who says how old it may be gets nothing stale, unless it bears that (section 5.2.1.1)")
    func maxAgeWantsFresh() {
        let life = lifetime(10, swr: 5)
        #expect(reuse(life, age: 12, "max-age=100") == .validate(servesOnError: false))
        #expect(reuse(life, age: 12, "max-age=100, max-stale") == .staleWhileRevalidating)
    }

    @Test("no request stretches the stale windows that go with s-maxage (section 5.2.2.10)")
    func sharedMaxAge() throws {
        let facts = responseFacts(200, "Cache-Control: s-maxage=10, stale-while-revalidate=5")
        let decision = StorageRules().decide(
            StorageRules.Request(forbidsStoring: false, hasAuthorization: false), facts, now: cacheNow)
        let life = try #require(decision.lifetime)
        #expect(reuse(life, age: 12) == .staleWhileRevalidating)
        for directives in ["max-stale", "max-stale=100", "stale-if-error=100"] {
            #expect(reuse(life, age: 16, directives) == .validate(servesOnError: false), "\(directives)")
        }
    }

    @Test("Pragma counts only without Cache-Control (section 5.4)")
    func pragma() {
        #expect(requestFacts(("Pragma", "no-cache")).directives.noCache)
        #expect(!requestFacts(("Pragma", "no-cache"), ("Cache-Control", "max-stale")).directives.noCache)
    }

    @Test("the age at receipt (section 4.2.3), with an Age that is none left aside")
    func age() {
        #expect(responseFacts(200, "Age: 7").initialAge(delay: 500) == 7_000_500)
        #expect(responseFacts(200, "Date: Tue, 24 Nov 2026 09:59:50 GMT").initialAge(delay: 0) == 10_000_000)
        #expect(responseFacts(200, "Date: Tue, 24 Nov 2026 10:05:00 GMT").initialAge(delay: 0) == 0)
        for text in ["-7", "seven", "7.5", ""] { #expect(responseFacts(200, "Age: \(text)").initialAge(delay: 0) == 0) }
        #expect(responseFacts(200, "Age: 7, 9").initialAge(delay: 0) == 7_000_000)
    }

    @Test("section 4.1: Vary's names are one sorted list; values compare however they are spaced")
    func vary() {
        #expect(
            responseFacts(200, "Vary: Accept-Language, accept", "Vary: ACCEPT").vary.names == [
                "accept", "accept-language",
            ])
        func normal(_ value: String, _ name: String) -> String {
            var bytes: [UInt8] = []
            withText(value) { VaryNames.normalise($0, of: name, into: &bytes) }
            return String(decoding: bytes, as: UTF8.self)
        }
        #expect(normal("EN-gb ,  de;q=0.5", "accept-language") == "de;q=0.5,en-gb")
        #expect(normal("en,, de", "accept-language") == normal("de,en", "accept-language"))
        #expect(normal("", "accept-language") == ",")
        #expect(normal("gzip, br", "accept-encoding") == "gzip,br")
        #expect(normal("A, b", "x-custom") == "A,b")
        #expect(responseFacts(200, "Vary: " + (0..<40).map { "x\($0)" }.joined(separator: ",")).vary.isUnknown)
    }

    @Test(
        "section 4.1: values that are not the same never compare as the same",
        arguments: [
            ("x-a", ["a=", "b"], ["a=b"]), ("x-a", ["a", "b"], ["ab"]), ("x-a", [""], []),
            ("cookie", ["a=1, b"], ["a=1,b"]),
            ("cookie", ["a=1,,b"], ["a=1,b"]), ("x-a", ["a,,b"], ["a,b"]), ("x-a", ["\"a, b\""], ["\"a,b\""]),
            ("accept", ["A"], ["a"]), ("x-a", ["A"], ["a"]),
        ])
    func unlike(_ name: String, _ left: [String], _ right: [String]) {
        func normal(_ lines: [String]) -> [UInt8] {
            var bytes: [UInt8] = []
            for line in lines { withText(line) { VaryNames.normalise($0, of: name, into: &bytes) } }
            return bytes
        }
        #expect(normal(left) != normal(right))
    }

    @Test("section 4.1: Vary with a star, or with what is no name, selects nothing for certain")
    func unknownVary() {
        for value in ["*", ", *", "*, *", "Foo, *", "a b", "\"accept\"", "a;b"] {
            #expect(responseFacts(200, "Vary: \(value)").vary.isUnknown, "\(value)")
        }
        let names = (0..<16).map { "x\($0)" }.joined(separator: ",")
        #expect(!responseFacts(200, "Vary: \(names)", "Vary: X3").vary.isUnknown)
        #expect(VaryNames(responseFacts(200, "Vary: b, A").vary.text) == responseFacts(200, "Vary: a,b").vary)
    }

    @Test("section 4.3.4: what describes the body stays out of a 304, the rest is in it")
    func notModified() {
        let stored = Array("ETag: \"a\"\r\nContent-Type: a/b\r\nContent-Encoding: br\r\nVary: a\r\nX: 1\r\n".utf8)
        #expect(
            String(decoding: StoredFields.ofNotModified(stored), as: UTF8.self)
                == "ETag: \"a\"\r\nVary: a\r\nX: 1\r\n")
    }

    @Test("section 3.2: a 304's fields replace stored ones, but none that describe the body")
    func renewal() {
        let stored = Array("A: 1\r\nContent-Encoding: gzip\r\nB: 2\r\nb: 3\r\n".utf8)
        let fresh = Array("B: 9\r\nContent-Encoding: br\r\nC: 4\r\n".utf8)
        #expect(
            String(decoding: StoredFields.renewed(stored, by: fresh), as: UTF8.self)
                == "A: 1\r\nContent-Encoding: gzip\r\nB: 9\r\nC: 4\r\n")
    }

    @Test(
        "section 4.3.5: an answer to HEAD renews what it describes, and outdates anything else",
        arguments: [
            ([], nil, HeadUpdate.renews), (["ETag: \"a\""], 3, .renews), (["ETag: \"b\""], 3, .outdates),
            (["ETag: W/\"a\""], nil, .outdates), ([], 4, .outdates),
            (["Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT"], nil, .renews),
            (["Last-Modified: Mon, 23 Nov 2026 10:00:01 GMT"], nil, .outdates),
        ] as [([String], Int?, HeadUpdate)])
    func headUpdate(_ lines: [String], _ told: Int?, _ expected: HeadUpdate) {
        let stored = responseFacts(200, "ETag: \"a\"", "Last-Modified: Mon, 23 Nov 2026 10:00:00 GMT")
        let update = HeadUpdate.decide(stored: stored, length: 3, head: responseFacts(200, lines), told: told)
        #expect(update == expected)
    }

    @Test("section 4.4: what a change makes void")
    func invalidation() {
        func target(_ reference: String) -> String? {
            InvalidationTargets.resolve(reference, scheme: "http", host: "a.example", path: "/x/y")
        }
        #expect(target("/z?q=1#f") == "/z?q=1")
        #expect(target("z") == "/x/z")
        #expect(target("../w/./v") == "/w/v")
        #expect(target("http://A.example/k") == "/k")
        #expect(target("//a.example") == "/")
        #expect(target("http://a.example:80/k") == "/k")
        #expect(target("#f") == "/x/y")
        #expect(target("/../../v") == "/v")
        #expect(target("?n=1") == "/x/y?n=1")
        for foreign in [
            "http://b.example/k", "https://a.example/k", "//b.example/", "mailto:a@b", "http://a.example:81/",
            "http://a.example@b.example/", "://a.example/",
        ] {
            #expect(target(foreign) == nil, "\(foreign)")
        }
        #expect(
            InvalidationTargets.resolve(
                "https://a.example:443/k", scheme: "https", host: "a.example", path: "/x") == "/k")
        #expect(
            InvalidationTargets.resolve("http://a.example/k", scheme: "https", host: "a.example", path: "/x") == nil)
        for (method, isUnsafe) in [
            ("POST", true), ("DELETE", true), ("M-SEARCH", true), ("GET", false), ("OPTIONS", false),
        ] {
            #expect(withText(method) { InvalidationTargets.isUnsafe($0) } == isUnsafe)
        }
    }
}
