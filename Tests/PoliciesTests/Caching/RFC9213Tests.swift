import Testing

@testable import Policies

@Suite("RFC 9213: CDN-Cache-Control")
struct RFC9213Tests {
    private func parse(_ lines: String...) -> CacheDirectives? {
        TargetedDirectives.parse(lines.map { Array($0.utf8) })
    }

    @Test(
        "one mistake, and none of it counts (section 2.1)",
        arguments: [
            "", " ", "max-age=10000, &&&&&", "max-age =100", "max-age= 100", "MaX-aGe=3600", "max-age=1,", ",max-age=1",
            "max-age=", "a=\"b", "a=\"\\x\"", "a=?2", "a=(1 2", "a=(1,2)", "a=:YQ", "a=1.", "a=1.2345",
            "a=1234567890123456",
            "a;=1", "a;b=", "max-age=1 no-store", "a=\u{e9}", "=1", "a=--1",
        ])
    func mistakes(_ line: String) { #expect(parse(line) == nil) }

    @Test(
        "values of whatever type an unknown directive has don't matter",
        arguments: [
            "a", "a=b", "a=\"b, \\\" no-store\"", "a=?0", "a=1.5", "a=-1", "a=(1 \"x\";q=1 b);c", "a=()", "a=:YQ==:",
            "a;b=1;c", "a=*b/c:d",
        ])
    func unknown(_ value: String) {
        for line in ["\(value), max-age=3600", "max-age=3600 ,\t\(value)"] {
            #expect(parse(line)?.maxAge == 3600, "\(line)")
            #expect(parse(line)?.noStore == false)
        }
    }

    @Test("the last of the same name counts, over all lines; a value of the wrong type doesn't")
    func members() {
        #expect(parse("max-age=1", "max-age=5")?.maxAge == 5)
        #expect(parse("max-age=99999999999")?.maxAge == 1 << 31)
        #expect(parse("max-age=-5")?.maxAge == 0)
        #expect(parse("max-age=\"5\", x")?.maxAge == nil)
        #expect(parse("max-age, x")?.maxAge == nil)
        for line in ["max-age=\"5\"", "max-age=5.5", "max-age", "max-age=5, stale-if-error=a"] {
            #expect(parse(line) == nil, "\(line)")
            #expect(parse("\(line), no-store")?.noStore == true, "\(line)")
        }
        #expect(parse("no-store=?0")?.noStore == false)
        #expect(parse("no-store;a=1")?.noStore == true)
        #expect(parse("private=\"x-a\"")?.isPrivate == true)
        #expect(parse("no-cache=\"x-a\", max-age=5")?.noCache == true)
    }

    @Test("what it says comes before Cache-Control and Expires, in both directions (section 2.2)")
    func precedence() {
        func fresh(_ lines: String...) -> Int? {
            let request = StorageRules.Request(forbidsStoring: false, hasAuthorization: false)
            return StorageRules().decide(request, responseFacts(200, lines), now: cacheNow).lifetime?.fresh
        }
        #expect(fresh("CDN-Cache-Control: max-age=3600", "Expires: 0") == 3_600_000_000)
        #expect(fresh("CDN-Cache-Control: max-age=0", "Expires: Tue, 24 Nov 2026 10:01:00 GMT") == nil)
        #expect(fresh("CDN-Cache-Control: no-store", "Cache-Control: max-age=10000") == nil)
        #expect(fresh("CDN-Cache-Control: private", "Cache-Control: max-age=10000") == nil)
        #expect(fresh("CDN-Cache-Control: max-age=10", "Cache-Control: no-store") == 10_000_000)
        #expect(fresh("CDN-Cache-Control: max-age=10, &", "Cache-Control: no-store") == nil)
        #expect(fresh("CDN-Cache-Control: max-age=\"10\"", "Cache-Control: no-store") == nil)
        #expect(fresh("CDN-Cache-Control: max-age=\"10\"", "Cache-Control: max-age=20") == 20_000_000)
    }
}
