import HTTPWire
import Testing

@Suite("request lines")
struct RequestLineTests {
    private let head = RequestHead()

    @Test(
        "a request line is read to the letter",
        arguments: [
            ("GET / HTTP/1.1", nil), ("GET / HTTP/1.0", nil), ("M-SEARCH / HTTP/1.1", nil),
            ("!#$%&'*+-.^_`|~09 / HTTP/1.1", nil),
            ("GET / HTTP/2.0", .unsupportedVersion), ("GET / HTTP/0.9", .unsupportedVersion),
            ("GET / HTTP/1.2", .unsupportedVersion), ("GET / HTTP/9.9", .unsupportedVersion),
            ("GET / http/1.1", .version), ("GET / HTTP/1,1", .version), ("GET / HTTP/1.x", .version),
            ("GET / HTTP/a.1", .version),
            ("GET / HTCP/1.1", .version), ("GET / HTTP 1.1", .version), ("GET / HTTP/11.", .version),
            ("GET / HTTP/1.10", .requestLine), ("GET / HTTP/01.1", .requestLine), ("GET / HTTP/1", .requestLine),
            ("GET /", .requestLine), ("GET", .requestLine), ("GET ", .requestLine), ("GET HTTP/1.1", .requestLine),
            ("GET  HTTP/1.1", .requestLine), ("GET / HTTP/1.1 ", .requestLine), ("GET\t/ HTTP/1.1", .requestLine),
            ("GET /\tHTTP/1.1", .requestLine), ("GET:/ HTTP/1.1", .requestLine),
            ("GET  / HTTP/1.1", .target), ("GET /  HTTP/1.1", .target), ("GET / a HTTP/1.1", .target),
            ("GET /a\tb HTTP/1.1", .target), ("GET /\0 HTTP/1.1", .target), ("GET /a\rb HTTP/1.1", .target),
            ("GET /?a\0 HTTP/1.1", .target), ("GET /?a b HTTP/1.1", .target), ("GET /?a\u{7f} HTTP/1.1", .target),
            ("GET /a#b HTTP/1.1", .target), ("GET /?a#b HTTP/1.1", .target), ("GET /a\\b HTTP/1.1", .target),
            (" GET / HTTP/1.1", .method), ("\tGET / HTTP/1.1", .method), ("", .method), ("{} / HTTP/1.1", .method),
            ("G\u{c9}T / HTTP/1.1", .requestLine), ("\0GET / HTTP/1.1", .method),
            ("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1", .method), ("ABCDEFGHIJKLMNOPQRSTUVW / HTTP/1.1", nil),
            ("CONNECT a:443 HTTP/1.1", .unsupportedMethod), ("CONNECT / HTTP/1.1", .unsupportedMethod),
            ("PRI * HTTP/2.0", .unsupportedVersion),
        ] as [(String, HeadFault?)])
    func requestLines(_ line: String, _ fault: HeadFault?) {
        let text = line + "\r\nHost: a\r\n\r\n"
        #expect(head.parse(text) == (fault.map { .fault($0) } ?? .complete(text.utf8.count)), "\(line)")
    }

    @Test("a request line that ends without a carriage return is refused")
    func bareLineFeed() {
        #expect(head.parse("GET / HTTP/1.1\nHost: a\r\n\r\n") == .fault(.bareLineFeed))
        #expect(head.parse("\nGET / HTTP/1.1\r\n") == .fault(.bareLineFeed))
    }

    @Test(
        "faults say their status",
        arguments: [
            (HeadFault.unsupportedMethod, 501), (.unsupportedEncoding, 501), (.unsupportedVersion, 505),
            (.targetTooLong, 414),
            (.headTooLarge, 431), (.tooManyFields, 431), (.version, 400), (.requestLine, 400), (.severalHosts, 400),
        ])
    func statuses(_ fault: HeadFault, _ status: Int) {
        #expect(fault.status == status)
        #expect(fault.detail.utf8CodeUnitCount > 20)
    }

    @Test("a head is refused the moment it can't fit, whichever part is too long")
    func sizes() {
        let limit = 1000
        let long = String(repeating: "a", count: limit)
        #expect(head.parse("GET /\(long)", limit: limit) == .fault(.targetTooLong))
        #expect(head.parse("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", limit: limit) == .fault(.targetTooLong))
        #expect(head.parse("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)", limit: limit) == .fault(.headTooLarge))
        #expect(head.parse("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n", limit: limit) == .fault(.headTooLarge))
        let almost = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let filled = almost + String(repeating: "b", count: limit - almost.utf8.count - 4) + "\r\n\r\n"
        #expect(head.parse(filled, limit: limit) == .complete(limit))
        #expect(head.parse(filled + "more", limit: limit) == .complete(limit))
        #expect(head.parse(filled, limit: limit - 1) == .fault(.headTooLarge))
    }

    @Test("up to 128 fields are taken")
    func fieldCount() {
        let lines = String(repeating: "X: 1\r\n", count: 127)
        #expect(head.parse("GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n") == .complete(27 + 127 * 6))
        #expect(head.parse("GET / HTTP/1.1\r\nHost: a\r\n\(lines)X: 1\r\n\r\n") == .fault(.tooManyFields))
        #expect(head.parse("GET / HTTP/1.1\r\n\r\n\(lines)") == .fault(.missingHost))
    }

    @Test(
        "what can't be a request is refused before its line ends",
        arguments: [
            "\u{16}\u{3}\u{1}", "\r", " ", "GET\0", "[", "ABCDEFGHIJKLMNOPQRSTUVWX",
        ])
    func earlyRefusal(_ beginning: String) {
        #expect(head.parse(beginning) == .fault(.method))
    }
}
