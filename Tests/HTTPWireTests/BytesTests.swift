import HTTPWire
import Testing

@Suite("bytes")
struct BytesTests {
    @Test(
        "a decimal is digits and nothing else",
        arguments: [
            ("0", 0), ("00", 0), ("42", 42), ("999999999999999999", 999_999_999_999_999_999),
            ("1000000000000000000", nil), ("", nil),
            ("-1", nil), ("+1", nil), (" 1", nil), ("1 ", nil), ("1a", nil), ("1.", nil), ("/", nil), (":", nil),
        ] as [(String, Int?)])
    func decimals(_ text: String, _ value: Int?) {
        #expect(withBytes(Array(text.utf8)) { Decimal.parse($0) } == value)
    }

    @Test(
        "a list gives its elements without blanks and empty ones",
        arguments: [
            ("a, b", ["a", "b"]), ("a", ["a"]), ("", []), (" , ,", []), ("\ta\t,b c ,,", ["a", "b c"]), (",", []),
        ])
    func lists(_ text: String, _ elements: [String]) {
        var found: [String] = []
        withBytes(Array(text.utf8)) { $0.forEachListElement { found.append($0.text) } }
        #expect(found == elements)
    }

    @Test("letters are compared without case, and only letters")
    func comparison() {
        withBytes(Array("Content-Type".utf8)) { bytes in
            #expect(bytes.equalsIgnoringCase("content-type"))
            #expect(!bytes.equalsIgnoringCase("content-typf"))
            #expect(!bytes.equalsIgnoringCase("content-typ"))
            #expect(bytes.equals("Content-Type") && !bytes.equals("content-type"))
        }
        // 0x20 apart, and yet no letters: `@` and backtick, `[` and `{`.
        withBytes(Array("@[\r".utf8)) { #expect(!$0.equalsIgnoringCase("`{-")) }
        withBytes([]) { #expect($0.equalsIgnoringCase("") && $0.equals("") && $0.trimmed.isEmpty && !$0.equals("a")) }
    }

    @Test("a builder keeps what is put in, across its growth")
    func builder() {
        let builder = ByteBuilder(capacity: 1)
        for index in 0..<1000 {
            builder.append(decimal: index)
            builder.append(" ")
        }
        #expect(builder.bytes.text == (0..<1000).map { "\($0) " }.joined())
        builder.truncate(to: 3)
        builder.append(hex: 0xDEAD_BEEF_0000_0001)
        builder.append([0x21, 0x3F])
        builder.append("é" as String)
        builder.append(decimal: .min)
        #expect(builder.bytes.text == "0 1deadbeef00000001!?é-9223372036854775808")
        builder.removeAll()
        #expect(builder.isEmpty && builder.bytes.isEmpty)
    }

    @Test(
        "the gateway knows its own fields in any case, and no others",
        arguments: [
            ("host", .host), ("HOST", .host), ("Content-Length", .contentLength),
            ("Transfer-Encoding", .transferEncoding),
            ("connection", .connection), ("Keep-Alive", .hopByHop), ("TE", .hopByHop), ("Trailer", .hopByHop),
            ("Upgrade", .hopByHop),
            ("Proxy-Connection", .hopByHop), ("Proxy-Authorization", .hopByHop), ("proxy-authenticate", .hopByHop),
            ("Proxy-Authentication-Info", .hopByHop),
            ("Expect", .expect),
            ("Authorization", .authorization), ("Cookie", .cookie), ("User-Agent", .userAgent), ("Via", .via),
            ("Date", .date),
            ("Server", .server), ("Forwarded", .forwarded), ("X-Forwarded-For", .forwardedFor),
            ("X-Forwarded-Host", .forwardedHost),
            ("X-Forwarded-Proto", .forwardedProto), ("X-Request-ID", .requestID), ("traceparent", .traceparent),
            ("Hosts", .other),
            ("Content_Length", .other), ("X", .other), ("Tranfser-Encoding", .other),
        ] as [(String, FieldKind)])
    func kinds(_ name: String, _ kind: FieldKind) {
        let head = ResponseHead()
        #expect(
            head.parse("HTTP/1.1 304 X\r\n\(name): 1\r\n\r\n", answersHEAD: true) != .incomplete
                || kind == .transferEncoding)
        guard kind != .transferEncoding else { return }
        #expect(head.fields.slots[0].kind == kind && head.fields.count == 1)
    }
}
