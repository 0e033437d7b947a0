import HTTPWire
import Testing

@Suite("request heads")
struct RequestHeadTests {
    private let head = RequestHead()

    @Test("a head gives its parts, and the bytes after it stay outside")
    func parts() {
        let text = "POST /a/b?c=1&d=%20 HTTP/1.1\r\nHost: Example.com:8080\r\nContent-Length: 12\r\nX-A:\tone \r\n\r\n"
        #expect(head.parse(text + "hello") == .complete(text.utf8.count))
        #expect(head.method.text == "POST")
        #expect(head.path.text == "/a/b")
        #expect(head.query.text == "c=1&d=%20")
        #expect(head.pathAndQuery.text == "/a/b?c=1&d=%20")
        #expect(head.host.text == "Example.com:8080")
        #expect(head.body == .exactly(12))
        #expect(head.fields.count == 3)
        #expect(head.fields.first("x-a")?.text == "one")
        #expect(head.fields.first("x-b") == nil)
        #expect(head.isHTTP11 && head.wantsKeepAlive && !head.isHEAD && !head.expectsContinue && !head.isServerWide)
    }

    @Test("nothing of a head shows in the next one")
    func reuse() {
        let first = "HEAD http://h/p?q HTTP/1.0\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        #expect(head.parse(first) == .complete(first.utf8.count))
        #expect(head.isHEAD && !head.isHTTP11 && head.expectsContinue && head.body == .exactly(3))
        #expect(head.parse("OPTIONS * HTTP/1.1\r\nHost: other\r\n\r\n") == .complete(35))
        #expect(!head.isHEAD && head.isHTTP11 && !head.expectsContinue && head.body == .none)
        #expect(head.isServerWide && head.path.text == "*" && head.query.isEmpty && head.host.text == "other")
        #expect(head.fields.count == 1)
    }

    @Test(
        "a refused or unfinished head leaves nothing that could be read",
        arguments: [
            "HEAD / HTTP/1.1\r\nHost: a\r\nX Y: 1\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nX-Request-ID: 1\r\n",
        ])
    func remainders(_ text: String) {
        let whole = request("Host: first", "X-Request-ID: " + String(repeating: "x", count: 5000))
        #expect(head.parse(whole) == .complete(whole.utf8.count))
        if case .complete = head.parse(text) { Issue.record("complete: \(text)") }
        #expect(head.method.isEmpty && head.fields.bytes.isEmpty && head.fields.count == 0)
        #expect(head.fields.first("x-request-id") == nil)
        // Yet the reply to it must have no body.
        #expect(head.isHEAD)
    }

    @Test("what came before the method is known does not decide the reply's form")
    func noStaleMethod() {
        #expect(head.parse(request("Host: a", method: "HEAD")) != .incomplete)
        #expect(head.parse("\u{1}\r\n\r\n") == .fault(.method))
        #expect(!head.isHEAD)
    }

    @Test(
        "versions and Connection decide whether the connection goes on",
        arguments: [
            ("HTTP/1.1", [], true), ("HTTP/1.1", ["close"], false), ("HTTP/1.1", ["Close"], false),
            ("HTTP/1.1", ["keep-alive"], true), ("HTTP/1.1", ["x, close"], false), ("HTTP/1.1", ["x", "close"], false),
            ("HTTP/1.1", ["closed"], true), ("HTTP/1.0", [], false), ("HTTP/1.0", ["keep-alive"], true),
            ("HTTP/1.0", ["Keep-Alive, x"], true), ("HTTP/1.0", ["keep-alive", "close"], false),
            ("HTTP/1.0", ["x"], false),
        ] as [(String, [String], Bool)])
    func persistence(_ version: String, _ values: [String], _ keepsAlive: Bool) {
        let lines = values.map { "Connection: \($0)\r\n" }.joined()
        let text = "GET / \(version)\r\nHost: a\r\n\(lines)\r\n"
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(head.wantsKeepAlive == keepsAlive)
    }

    @Test("idempotent methods are those of RFC 9110, in their exact spelling")
    func idempotence() {
        let idempotent = ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"]
        for method in idempotent + ["POST", "PATCH", "get", "M-SEARCH", "X"] {
            #expect(head.parse(request("Host: a", method: method)) != .incomplete)
            #expect(head.isIdempotent == idempotent.contains(method), "\(method)")
        }
    }

    @Test("an HTTP/1.0 request needs no Host, and an absolute target stands in for it")
    func withoutHost() {
        #expect(head.parse("GET /a HTTP/1.0\r\n\r\n") == .complete(19))
        #expect(head.host.isEmpty)
        #expect(head.forwarded() == "GET /a HTTP/1.1\r\nHost: \r\n\r\n")
        #expect(head.parse("GET http://example.com/a HTTP/1.0\r\n\r\n") == .complete(37))
        #expect(head.host.text == "example.com")
        #expect(head.forwarded() == "GET /a HTTP/1.1\r\nHost: example.com\r\n\r\n")
        #expect(head.parse("GET /a HTTP/1.0\r\nHost:\r\n\r\n") == .complete(26))
        #expect(head.forwarded() == "GET /a HTTP/1.1\r\nHost:\r\n\r\n")
    }

    @Test(
        "a query parameter is found by its exact name",
        arguments: [
            ("a=1&b=2", "b", "2"), ("a=1&a=2", "a", "1"), ("a", "a", ""), ("a=", "a", ""), ("&&a=%20", "a", "%20"),
            ("ab=1", "a", nil), ("", "a", nil), ("A=1", "a", nil), ("x=a=1", "a", nil), ("a=b=c", "a", "b=c"),
        ] as [(String, String, String?)])
    func queryValues(_ query: String, _ name: String, _ value: String?) {
        let text = "GET /?\(query) HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(head.parse(text) == .complete(text.utf8.count))
        #expect(withBytes(Array(name.utf8)) { head.queryValue($0)?.text } == value)
    }
}
