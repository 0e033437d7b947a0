import HTTPWire
import Testing

@Suite("path normalisation")
struct NormalisedTargetTests {
    private let head = RequestHead()

    private enum Result: Equatable {
        case target(path: String, query: String)
        case fault(HeadFault)
    }

    private func normalised(_ target: String) -> Result { normalised(Array(target.utf8)) }

    private func normalised(_ target: [UInt8]) -> Result {
        let text = Array("GET ".utf8) + target + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        switch head.parse(text) {
        case .complete: return .target(path: head.path.text, query: head.query.text)
        case .fault(let fault): return .fault(fault)
        case .incomplete: return .fault(.requestLine)
        }
    }

    @Test(
        "a path has one spelling",
        arguments: [
            ("/", "/"), ("/a/b", "/a/b"), ("/a/b/", "/a/b/"), ("/a//b", "/a/b"), ("//", "/"), ("//a", "/a"),
            ("/a///", "/a/"),
            ("/.", "/"), ("/./", "/"), ("/a/.", "/a/"), ("/a/./b", "/a/b"), ("/a/..", "/"), ("/a/../", "/"),
            ("/a/../b", "/b"),
            ("/a/b/../c", "/a/c"), ("/a/b/c/../../d", "/a/d"), ("/a/b/..", "/a/"), ("/a//../b", "/b"),
            ("/a/.//../b", "/b"),
            ("/...", "/..."), ("/.a", "/.a"), ("/..a", "/..a"), ("/a..", "/a.."), ("/a./b", "/a./b"),
            ("/.well-known/x", "/.well-known/x"),
            ("/%61", "/a"), ("/%41%7e%2D%5f%2E", "/A~-_."), ("/%2e", "/"), ("/a/%2e%2E/b", "/b"), ("/a/.%2e/b", "/b"),
            ("/a/%2e%2e%2fb", "/a/..%2Fb"), ("/a%2fb", "/a%2Fb"), ("/a%2Fb", "/a%2Fb"), ("/%2f%2f", "/%2F%2F"),
            ("/a%2f../b", "/a%2F../b"),
            ("/%252e%252e/b", "/%252e%252e/b"), ("/%25", "/%25"), ("/%5c", "/%5C"), ("/%20", "/%20"),
            ("/%3f%23", "/%3F%23"),
            ("/%c3%a9", "/%C3%A9"), ("/\u{e9}", "/%C3%A9"), ("/%0a%0D", "/%0A%0D"), ("/a;b=c,d", "/a;b=c,d"),
            ("/%3b", "/%3B"),
            ("/a:b@c!$&'()*+", "/a:b@c!$&'()*+"), ("/[x]{y}|z^\"<>`", "/%5Bx%5D%7By%7D%7Cz%5E%22%3C%3E%60"),
            ("/..;/a", "/..;/a"),
        ])
    func paths(_ target: String, _ path: String) {
        #expect(normalised(target) == .target(path: path, query: ""))
        #expect(normalised(target + "?/../%2e//x") == .target(path: path, query: "/../%2e//x"))
        #expect(normalised("http://a" + target) == .target(path: path, query: ""))
        #expect(head.pathAndQuery.text == path)
    }

    @Test(
        "what has no meaning or a dangerous one is refused",
        arguments: [
            ("/..", .pathAboveRoot), ("/../a", .pathAboveRoot), ("/a/../..", .pathAboveRoot),
            ("/%2e%2e/a", .pathAboveRoot),
            ("//..", .pathAboveRoot), ("/./..", .pathAboveRoot), ("/.%2e", .pathAboveRoot),
            ("/a/../../a", .pathAboveRoot),
            ("/%00", .pathEncoding), ("/a%00.html", .pathEncoding), ("/%", .pathEncoding), ("/%4", .pathEncoding),
            ("/%zz", .pathEncoding), ("/%4g", .pathEncoding), ("/%%41", .pathEncoding), ("/%u0041", .pathEncoding),
            ("/a%?b", .pathEncoding),
            ("/a\\..\\b", .target), ("/a#b", .target), ("/a b", .target), ("/a\u{7f}", .target), ("/\u{1}", .target),
        ] as [(String, HeadFault)])
    func refusals(_ target: String, _ fault: HeadFault) {
        #expect(normalised(target) == .fault(fault))
    }

    @Test("the query stays as it is, byte by byte")
    func queries() {
        #expect(normalised("/a?") == .target(path: "/a", query: ""))
        #expect(head.pathAndQuery.text == "/a?")
        let query = "a=%zz&%00&..//%2E?\u{e9}\"<>{}|\\^[]`'"
        #expect(normalised("/a?" + query) == .target(path: "/a", query: query))
        #expect(normalised("/%61?" + query) == .target(path: "/a", query: query))
        #expect(normalised("http://a?b") == .target(path: "/", query: "b"))
        #expect(normalised("http://a") == .target(path: "/", query: ""))
        let high = Array("/a?".utf8) + Array(0x80...0xFF)
        #expect(normalised(high) != .fault(.target))
        #expect(Array(head.query) == Array(0x80...0xFF))
    }

    @Test("normalising twice is normalising once, and leaves nothing to resolve", arguments: 0..<20)
    func idempotence(_ seed: Int) {
        var random = Seeded(UInt64(seed))
        let pieces = [
            "/", "/", "/", ".", "..", "%2e", "%2E", "a", "b", "%2f", "%2F", "%25", "%61", "%5c", "%C3", ";", "\u{e9}",
            "=", "~", "[", "%0a",
        ]
        for _ in 0..<2000 {
            let target =
                "/"
                + (0..<Int.random(in: 0..<12, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            guard case .target(let once, _) = normalised(target) else { continue }
            #expect(normalised(once) == .target(path: once, query: ""), "\(target)")
            let segments = once.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            #expect(once.first == "/" && !segments.contains(".") && !segments.contains(".."), "\(target) → \(once)")
            #expect(!once.contains("//"), "\(target) → \(once)")
            #expect(once.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(target) → \(once)")
        }
    }

    @Test("normalising agrees with a plain model of RFC 3986", arguments: 0..<10)
    func model(_ seed: Int) {
        var random = Seeded(UInt64(seed) + 1000)
        let segments = ["a", "bc", ".", "..", "%2e", ".%2E", "%61", "", "a%2fb", "..."]
        for _ in 0..<1000 {
            let chosen = (0..<Int.random(in: 1..<8, using: &random)).map { _ in segments.randomElement(using: &random)!
            }
            let target = "/" + chosen.joined(separator: "/")
            #expect(normalised(target) == Self.modelled(chosen), "\(target)")
        }
    }

    /// Segment by segment, with arrays of strings. Empty segments between others are merged slashes.
    private static func modelled(_ segments: [String]) -> Result {
        var kept: [String] = []
        for (index, raw) in segments.enumerated() {
            let isLast = index == segments.count - 1
            let segment = raw.replacing("%2e", with: ".").replacing("%2E", with: ".").replacing("%61", with: "a")
                .replacing("%2f", with: "%2F")
            switch segment {
            case ".", "": if isLast { kept.append("") }
            case "..":
                if kept.popLast() == nil { return .fault(.pathAboveRoot) }
                if isLast { kept.append("") }
            default: kept.append(segment)
            }
        }
        return .target(path: "/" + kept.joined(separator: "/"), query: "")
    }
}
