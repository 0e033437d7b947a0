import HTTPWire
import Testing

@Suite("response heads")
struct ResponseHeadTests {
    private let head = ResponseHead()

    @Test(
        "the body's length follows RFC 9112, section 6.3",
        arguments: [
            (200, [], .untilClose), (200, ["Content-Length: 5"], .exactly(5)), (200, ["Content-Length: 0"], .none),
            (200, ["Transfer-Encoding: chunked"], .chunked), (404, ["Transfer-Encoding: Chunked"], .chunked),
            (204, [], .none), (204, ["Content-Length: 5"], .none), (204, ["Transfer-Encoding: chunked"], .none),
            (304, ["Content-Length: 5"], .none), (304, [], .none), (100, [], .none), (103, ["Link: x"], .none),
            (101, [], .none), (199, ["Content-Length: 1"], .none), (205, [], .untilClose), (599, [], .untilClose),
        ] as [(Int, [String], BodyLength)])
    func lengths(_ status: Int, _ lines: [String], _ body: BodyLength) {
        let text = "HTTP/1.1 \(status) Reason\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(head.parse(text + "body") == .complete(text.utf8.count))
        #expect(head.body == body && head.status == status && head.isInterim == (status < 200))
        #expect(head.parse(text, answersHEAD: true) == .complete(text.utf8.count))
        #expect(head.body == .none)
    }

    @Test(
        "a malformed or ambiguous head is refused",
        arguments: [
            ("HTTP/1.1 200 OK", ["Content-Length: 5", "Transfer-Encoding: chunked"], .lengthAndEncoding),
            ("HTTP/1.1 204 OK", ["Content-Length: 5", "Transfer-Encoding: chunked"], .lengthAndEncoding),
            ("HTTP/1.1 200 OK", ["Content-Length: 5", "Content-Length: 5"], .severalContentLengths),
            ("HTTP/1.1 200 OK", ["Content-Length: 5, 5"], .contentLength),
            ("HTTP/1.1 200 OK", ["Content-Length: -1"], .contentLength),
            ("HTTP/1.1 200 OK", ["Transfer-Encoding: gzip"], .encodingNotChunked),
            ("HTTP/1.1 200 OK", ["Transfer-Encoding: gzip, chunked"], .unsupportedEncoding),
            ("HTTP/1.1 200 OK", ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], .encodingNotChunked),
            ("HTTP/1.0 200 OK", ["Transfer-Encoding: chunked"], .encodingInHTTP10),
            ("HTTP/1.1 200 OK", ["A : b"], .fieldName), ("HTTP/1.1 200 OK", ["A: b", " c"], .foldedLine),
            ("HTTP/1.1 200 OK", ["A: b\nB: c"], .bareLineFeed), ("HTTP/1.1 200 OK", ["A: \0"], .controlByte),
            ("HTTP/1.1 99 OK", [], .statusLine), ("HTTP/1.1 600 OK", [], .statusLine),
            ("HTTP/1.1 20 OK", [], .statusLine),
            ("HTTP/1.1 2000 OK", [], .statusLine), ("HTTP/1.1 +20 OK", [], .statusLine),
            ("HTTP/1.1  200 OK", [], .statusLine),
            ("HTTP/1.2 200 OK", [], .statusLine), ("HTTP/2.0 200 OK", [], .statusLine),
            ("http/1.1 200 OK", [], .statusLine),
            ("HTTP/1.1 200 O\0K", [], .statusLine), ("HTTP/1.1 200 O\rK", [], .statusLine),
            ("HTTP/1.1 200\tOK", [], .statusLine),
            ("ICY 200 OK", [], .statusLine), ("garbage", [], .statusLine), ("", [], .statusLine),
            ("HTTP/1.1", [], .statusLine),
            (" HTTP/1.1 200 OK", [], .statusLine), ("SSH-2.0-OpenSSH_9.2", [], .statusLine),
        ] as [(String, [String], HeadFault)])
    func refusals(_ line: String, _ fields: [String], _ fault: HeadFault) {
        let text = "\(line)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(head.parse(text) == .fault(fault), "\(line)")
    }

    @Test(
        "a missing or unusual reason phrase does no harm", arguments: ["", " ", " OK", " Very\tLong Reason", " \u{e9}"])
    func reasons(_ reason: String) {
        let text = "HTTP/1.1 200\(reason)\r\n\r\n"
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(head.forwarded() == text)
    }

    @Test(
        "whether the connection can be used again",
        arguments: [
            ("HTTP/1.1", nil, true), ("HTTP/1.1", "close", false), ("HTTP/1.1", "X, Close", false),
            ("HTTP/1.1", "keep-alive", true),
            ("HTTP/1.0", nil, false), ("HTTP/1.0", "keep-alive", true), ("HTTP/1.0", "keep-alive, close", false),
        ] as [(String, String?, Bool)])
    func reuse(_ version: String, _ connection: String?, _ isAllowed: Bool) {
        let line = connection.map { "Connection: \($0)\r\n" } ?? ""
        #expect(head.parse("\(version) 200 OK\r\n\(line)\r\n") != .incomplete)
        #expect(head.allowsReuse == isAllowed)
    }

    @Test("a head larger than the limit is refused, also before its first line ends")
    func sizes() {
        let long = String(repeating: "a", count: 200)
        #expect(head.parse("HTTP/1.1 200 \(long)", limit: 100) == .fault(.headTooLarge))
        #expect(head.parse("HTTP/1.1 200 OK\r\nA: \(long)", limit: 100) == .fault(.headTooLarge))
        #expect(
            head.parse("HTTP/1.1 200 OK\r\n" + String(repeating: "A: 1\r\n", count: 129) + "\r\n")
                == .fault(.tooManyFields))
    }

    @Test(
        "how long the peer keeps an unused connection",
        arguments: [
            (["Keep-Alive: timeout=5"], 5), (["Connection: keep-alive", "keep-alive: max=100, TIMEOUT=7"], 7),
            (["Keep-Alive: timeout=0"], 0), (["Keep-Alive: timeout=x"], nil), (["Keep-Alive: timeout"], nil),
            (["Keep-Alive: "], nil), (["X-Keep-Alive: timeout=5"], nil), ([], nil),
            (["Keep-Alive: timeout=99999999999999999999"], nil), (["Keep-Alive: timeout=-1"], nil),
        ] as [([String], Int?)])
    func persistence(_ lines: [String], _ seconds: Int?) {
        let text = "HTTP/1.1 200 OK\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(head.keepAliveSeconds == seconds)
    }
}
