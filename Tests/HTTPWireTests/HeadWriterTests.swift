import HTTPWire
import Testing

@Suite("forwarded heads")
struct HeadWriterTests {
    private let request = RequestHead()
    private let response = ResponseHead()

    @Test("a request keeps its fields' order, case, duplicates and spacing, and loses what was for this hop")
    func requests() {
        let text = """
            POST //a/../b?x=1 HTTP/1.0\r
            HOST:example.com\r
            accept:  a\r
            X-Named: 1\r
            Accept: b\r
            Connection: keep-alive, x-named,X-OTHER\r
            Keep-Alive: timeout=5\r
            Proxy-Connection: keep-alive\r
            x-other: 2\r
            TE: trailers\r
            Trailer: X\r
            Upgrade: websocket\r
            Proxy-Authorization: Basic x\r
            Via: 1.1 evil\r
            X-Forwarded-For: 9.9.9.9\r
            X-Forwarded-Proto: https\r
            X-Forwarded-Host: evil\r
            Forwarded: for=9.9.9.9\r
            X-Request-ID: 1\r
            Traceparent: 00-0-0-00\r
            content-LENGTH: 3\r
            Cookie: a=b\r
            \r

            """
        #expect(request.parse(text) == .complete(text.utf8.count))
        let expected = """
            POST /b?x=1 HTTP/1.1\r
            HOST:example.com\r
            accept:  a\r
            Accept: b\r
            content-LENGTH: 3\r
            Cookie: a=b\r
            Via: 1.0 sluice\r
            \r

            """
        #expect(request.forwarded(adding: "Via: 1.0 sluice\r\n") == expected)
    }

    @Test("a chunked request is framed anew")
    func chunkedRequest() {
        let text = "PUT /a HTTP/1.1\r\ntransfer-encoding: Chunked\r\nHost: a\r\n\r\n"
        #expect(request.parse(text) == .complete(text.utf8.count))
        #expect(request.forwarded() == "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @Test("the longest rewriting of a path still fits")
    func growth() {
        let path = "/" + String(repeating: "\u{1f980}", count: 2000)
        let text = "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(request.parse(text) == .complete(text.utf8.count))
        let escaped = String(repeating: "%F0%9F%A6%80", count: 2000)
        #expect(request.forwarded() == "GET /\(escaped) HTTP/1.1\r\nHost: a\r\n\r\n")
    }

    @Test("a field that a filter takes out is left out")
    func droppedField() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nB: 1\r\n\r\n"
        #expect(request.parse(text) == .complete(text.utf8.count))
        request.fields.slots[1].isDropped = true
        #expect(request.forwarded() == "GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\n\r\n")
    }

    @Test("a response keeps its fields' order, case and duplicates, and loses what was for this hop")
    func responses() {
        let text = """
            HTTP/1.0 200 Fine\r
            Server: x\r
            Set-Cookie: a=1\r
            Connection: X-Named\r
            set-cookie: b=2\r
            Keep-Alive: timeout=5\r
            X-Named: 1\r
            Proxy-Authenticate: Basic\r
            Upgrade: h2c\r
            Trailer: T\r
            Via: 1.1 inner\r
            X-Request-ID: theirs\r
            Content-Length: 2\r
            \r

            """
        #expect(response.parse(text) == .complete(text.utf8.count))
        let fields = "Server: x\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nVia: 1.1 inner\r\nContent-Length: 2\r\n"
        #expect(response.forwarded() == "HTTP/1.1 200 Fine\r\n\(fields)\r\n")
        let closing = "HTTP/1.1 200 Fine\r\n\(fields)Connection: close\r\nX: 1\r\n\r\n"
        #expect(response.forwarded(adding: "X: 1\r\n", persistence: .close) == closing)
        let kept = "HTTP/1.1 200 Fine\r\n\(fields)Connection: keep-alive\r\n\r\n"
        #expect(response.forwarded(persistence: .keepAlive) == kept)
    }

    @Test("a response in chunks says so once")
    func chunkedResponse() {
        let text = "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\nA: 1\r\n\r\n"
        #expect(response.parse(text) == .complete(text.utf8.count))
        #expect(response.forwarded(isChunked: true) == "HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(response.forwarded() == "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n")
    }

    @Test("a response that has no content has no length either", arguments: [204, 100])
    func noLength(_ status: Int) {
        #expect(response.parse("HTTP/1.1 \(status) X\r\nContent-Length: 5\r\nA: 1\r\n\r\n") != .incomplete)
        #expect(response.forwarded() == "HTTP/1.1 \(status) X\r\nA: 1\r\n\r\n")
    }

    @Test("the length that a HEAD or a 304 tells of is kept")
    func toldLength() {
        let text = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
        #expect(response.parse(text) == .complete(text.utf8.count))
        #expect(response.forwarded() == text)
    }

    @Test(
        "numbers are written as HTTP wants them",
        arguments: [
            (0, "0", "0"), (9, "9", "9"), (10, "10", "a"), (255, "255", "ff"), (4096, "4096", "1000"),
            (Int.max, "9223372036854775807", "7fffffffffffffff"),
        ])
    func numbers(_ value: Int, _ decimal: String, _ hexadecimal: String) {
        #expect(written(20) { $0.append(decimal: value) } == decimal)
        #expect(written(16) { $0.append(hexadecimal: value) } == hexadecimal)
    }
}
