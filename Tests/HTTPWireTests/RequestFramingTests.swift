import HTTPWire
import Testing

/// What makes two HTTP parsers disagree about where a request ends, or what it asks for: all of it is refused.
@Suite("request smuggling")
struct RequestFramingTests {
    private let head = RequestHead()

    private static let host = "Host: a"

    @Test(
        "anything ambiguous in the framing is refused",
        arguments: [
            // Lengths.
            (["Content-Length: 5", "Transfer-Encoding: chunked"], .lengthAndEncoding),
            (["Transfer-Encoding: chunked", "Content-Length: 5"], .lengthAndEncoding),
            (["Content-Length: 0", "Transfer-Encoding: chunked"], .lengthAndEncoding),
            (["Content-Length: 5", "Content-Length: 5"], .severalContentLengths),
            (["Content-Length: 5", "content-length: 6"], .severalContentLengths),
            (["Content-Length: 5, 5"], .contentLength), (["Content-Length: 5,6"], .contentLength),
            (["Content-Length: +5"], .contentLength), (["Content-Length: -5"], .contentLength),
            (["Content-Length: 5 0"], .contentLength), (["Content-Length: 0x5"], .contentLength),
            (["Content-Length: 5.0"], .contentLength), (["Content-Length: 5a"], .contentLength),
            (["Content-Length:"], .contentLength), (["Content-Length: ,5"], .contentLength),
            (["Content-Length: 9223372036854775808"], .contentLength), (["Content-Length: \u{662}"], .contentLength),
            // Transfer codings.
            (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], .encodingNotChunked),
            (["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"], .encodingNotChunked),
            (["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], .encodingNotChunked),
            (["Transfer-Encoding: chunked, chunked"], .encodingNotChunked),
            (["Transfer-Encoding: chunked, identity"], .encodingNotChunked),
            (["Transfer-Encoding: identity"], .encodingNotChunked), (["Transfer-Encoding: gzip"], .encodingNotChunked),
            (["Transfer-Encoding: xchunked"], .encodingNotChunked),
            (["Transfer-Encoding: chunkedx"], .encodingNotChunked),
            (["Transfer-Encoding: chunked,"], .encodingNotChunked),
            (["Transfer-Encoding: ,chunked"], .encodingNotChunked),
            (["Transfer-Encoding: chunked;q=1"], .encodingNotChunked), (["Transfer-Encoding:"], .encodingNotChunked),
            (["Transfer-Encoding: \"chunked\""], .encodingNotChunked),
            (["Transfer-Encoding: 'chunked'"], .encodingNotChunked),
            (["Transfer-Encoding: chunked\u{a0}"], .encodingNotChunked),
            (["Transfer-Encoding: \u{b}chunked"], .controlByte),
            (["Transfer-Encoding: chunked\0"], .controlByte), (["Transfer-Encoding: chun\rked"], .controlByte),
            (["Transfer-Encoding: gzip, chunked"], .unsupportedEncoding),
            (["Transfer-Encoding: chunked, gzip, chunked"], .encodingNotChunked),
            // Names that other parsers take for a framing field.
            (["Transfer-Encoding : chunked"], .fieldName), (["Transfer-Encoding\t: chunked"], .fieldName),
            (["Content-Length : 5"], .fieldName), (["Content-Length"], .fieldName), ([": 5"], .fieldName),
            (["Content-Length\0: 5"], .fieldName), (["\u{feff}Content-Length: 5"], .fieldName),
            (["Content-Lengt\u{127}: 5"], .fieldName), (["(comment): 5"], .fieldName), (["X\u{7f}: 1"], .fieldName),
            (["X: a", " Transfer-Encoding: chunked"], .foldedLine), (["X: a", "\tb"], .foldedLine),
            (["X: a", " "], .foldedLine),
            // Line ends.
            (["X: a\nTransfer-Encoding: chunked"], .bareLineFeed), (["X: a\n"], .bareLineFeed),
            (["\nX: a"], .bareLineFeed),
            (["X: a\rTransfer-Encoding: chunked"], .controlByte), (["X: a\r"], .controlByte),
            (["\rX: a"], .bareCarriageReturn),
            // Control bytes in values.
            (["X: a\0b"], .controlByte), (["X: \u{1}"], .controlByte), (["X: \u{7f}"], .controlByte),
            (["X: 1234567\u{8}90abcdef"], .controlByte), (["X: 1234567890abcdef\u{1f}"], .controlByte),
            // Hosts.
            (["Host: a"], .severalHosts), (["host: b"], .severalHosts),
        ] as [([String], HeadFault)])
    func ambiguity(_ lines: [String], _ fault: HeadFault) {
        // Found wherever it stands: alone after Host, and among others.
        for surrounding in [[], ["Accept: */*"]] {
            let all = [Self.host] + surrounding + lines + surrounding
            let text = "POST / HTTP/1.1\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n"
            #expect(head.parse(text) == .fault(fault), "\(lines)")
        }
        #expect(fault.status == (fault == .unsupportedEncoding ? 501 : 400))
    }

    @Test(
        "what is allowed is not refused",
        arguments: [
            ("Transfer-Encoding: chunked", .chunked), ("transfer-encoding:CHUNKED", .chunked),
            ("Transfer-Encoding: \t chunked \t ", .chunked), ("Content-Length: 007", .exactly(7)),
            ("Content-Length:\t42 ", .exactly(42)), ("Content-Length: 0", .none), ("X-Content-Length: -1", .none),
            ("Content-Length: 999999999999999999", .exactly(999_999_999_999_999_999)), ("X:", .none),
            ("X: \u{e9}\u{fc}", .none),
            ("X: a\tb", .none), ("TE: chunked", .none), ("X: \u{80}", .none),
        ] as [(String, BodyLength)])
    func unambiguous(_ line: String, _ body: BodyLength) {
        let text = request(Self.host, line)
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(head.body == body)
    }

    @Test("HTTP/1.0 has no Transfer-Encoding")
    func encodingInHTTP10() {
        let text = request("Transfer-Encoding: chunked", version: "HTTP/1.0")
        #expect(head.parse(text) == .fault(.encodingInHTTP10))
    }

    @Test("Connection can't take framing and Host away")
    func connectionNamesFraming() {
        let text = request("Host: a", "Content-Length: 5", "Connection: content-length, host, x, close", "X: 1", "Y: 2")
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(head.forwarded() == "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nY: 2\r\n\r\n")
    }

    @Test(
        "the Host field is one host",
        arguments: [
            ("a b", .badHost), ("a/b", .badHost), ("a\\b", .badHost), ("u@a", .badHost), ("a#", .badHost),
            ("a?b", .badHost),
            ("\"a\"", .badHost), ("a\tb", .badHost), ("\u{e9}.example", .badHost),
        ] as [(String, HeadFault)])
    func hosts(_ value: String, _ fault: HeadFault) {
        #expect(head.parse(request("Host: \(value)")) == .fault(fault))
    }

    @Test(
        "an absolute target and the Host field must agree",
        arguments: [
            ("http://a/", "a", nil), ("http://A:80/x", "a:80", nil), ("HTTPS://a", "A", nil), ("http://a?q", "a", nil),
            ("http://[::1]:80/", "[::1]:80", nil), ("http://a/", "b", .hostMismatch),
            ("http://a:80/", "a", .hostMismatch),
            ("http://a/", "", .hostMismatch), ("http:///", "", .target), ("http://", "", .target),
            ("http:/a", "a", .target),
            ("http://u@a/", "a", .target), ("http://a b/", "a", .target), ("http://a\\@b/", "b", .target),
            ("ftp://a/", "a", .target), ("a", "a", .target), ("a:80", "a:80", .target), ("*", "a", .target),
            ("?a", "a", .target), ("http://a#b", "a", .target), ("javascript:alert(1)", "a", .target),
        ] as [(String, String, HeadFault?)])
    func absoluteTargets(_ target: String, _ host: String, _ fault: HeadFault?) {
        let text = "GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
        #expect(head.parse(text) == (fault.map { .fault($0) } ?? .complete(text.utf8.count)))
    }

    @Test("an HTTP/1.1 request without Host is refused")
    func missingHost() {
        #expect(head.parse("GET / HTTP/1.1\r\n\r\n") == .fault(.missingHost))
        #expect(head.parse("GET http://a/ HTTP/1.1\r\n\r\n") == .fault(.missingHost))
        let empty = request("Host:")
        #expect(head.parse(empty) == .complete(empty.utf8.count))
    }
}
