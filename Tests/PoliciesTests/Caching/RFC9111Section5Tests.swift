import Testing

@testable import Policies

@Suite("RFC 9111 section 5.2: Cache-Control")
struct RFC9111Section5Tests {
    private func directives(_ lines: String...) -> CacheDirectives {
        var directives = CacheDirectives()
        for line in lines { withText(line) { directives.add($0) } }
        return directives
    }

    @Test(
        "max-age, however it is written",
        arguments: [
            ("max-age=1", 1), ("max-age=003600", 3600), ("MaX-aGe=5", 5), ("max-age=\"7\"", 7), ("max-age='7'", 0),
            ("max-age=3600.0", 0), ("max-age=a1", 0), ("max-age=1a", 0), ("max-age=-1", 0), ("max-age=", 0),
            ("max-age=1800, max-age=1", 1), ("max-age=1, max-age=1800", 1),
            ("extension=\"max-age=3600\", max-age=1", 1),
            ("max-age=1, extension=\"max-age=3600\"", 1), ("extension=\"a\\\", max-age=9\", max-age=2", 2),
            (",, max-age=3 ,", 3), ("max-age =3", 0), ("max-age= 3", 0), ("max-age\t=3, a = b", 0),
            ("a = b, max-age=3", 3), ("foo=max-age=3", nil), ("xmax-age=3", nil), ("max-age2=3", nil),
        ] as [(String, Int?)])
    func maxAge(_ line: String, _ seconds: Int?) { #expect(directives(line).maxAge == seconds) }

    @Test("every directive is told from the others, in whatever case and with an argument that it should not have")
    func names() {
        let flags: [(String, KeyPath<CacheDirectives, Bool>)] = [
            ("no-store", \.noStore), ("no-cache", \.noCache), ("private", \.isPrivate), ("public", \.isPublic),
            ("must-revalidate", \.mustRevalidate), ("proxy-revalidate", \.proxyRevalidate),
            ("must-understand", \.mustUnderstand), ("no-transform", \.noTransform), ("immutable", \.immutable),
            ("only-if-cached", \.onlyIfCached),
        ]
        for (name, path) in flags {
            for text in [name, name.uppercased(), "a=b, \(name)", "\(name)=\"\""] {
                let found = directives(text)
                for (other, otherPath) in flags {
                    #expect(found[keyPath: otherPath] == (path == otherPath), "\(text): \(other)")
                }
            }
            #expect(!directives("x\(name), \(name)x")[keyPath: path], "\(name)")
        }
    }

    @Test("a quote that is never closed hides no directive behind it")
    func openQuotes() {
        for line in ["a=\"b, no-store", "\", no-store", "no-store, \"", "a=\"b\\\", no-store"] {
            #expect(directives(line).noStore, "\(line)")
        }
        #expect(!directives("a=\"b, no-store\"").noStore)
    }

    @Test(
        "no-cache and private whose argument is no list of names are about everything (sections 5.2.2.4 and 5.2.2.7)",
        arguments: [
            "no-cache=\"\"", "no-cache=\",\"", "no-cache=\"a b\"", "no-cache=\"X-A", "no-cache=\"a, (\"", "no-cache=",
            "no-cache =\"a\"", "no-cache= a",
        ])
    func unnamed(_ line: String) {
        #expect(directives(line).noCache && directives(line).withheldFields.isEmpty)
    }

    @Test("names of fields are kept out, unless another line is about everything")
    func named() {
        #expect(!directives("no-cache=\"x-a\"").noCache)
        #expect(directives("no-cache=\"x-a\"", "no-cache").noCache)
        #expect(directives("no-cache", "no-cache=\"x-a\"").noCache)
        #expect(directives("private=\"x-a\", no-cache=x-b").withheldFields == ["x-a", "x-b"])
    }
}
