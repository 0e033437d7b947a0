import Foundation
import GatewayCore
import TestSupport
import Testing

@testable import Transport

extension TransportSuites {
    /// Bodies in every framing, both ways.
    @Suite("bodies")
    struct BodyTests {
        /// Answers with the request's body, framed in the same way, and with the request's trailers.
        private static func echo() throws -> TestOrigin {
            try TestOrigin { request in
                let message = request.message
                guard message["Transfer-Encoding"] != nil else { return .response(message.text) }
                let trailers = message.trailers.map { "\($0.name): \($0.value)\r\n" }.joined()
                let chunks =
                    message.text.isEmpty ? "" : "\(String(message.body.count, radix: 16))\r\n\(message.text)\r\n"
                return [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\(trailers)\r\n")]
            }
        }

        @Test("a body with a length arrives as it is", arguments: [0, 1, 1000, 40_000, 300_000])
        func exactly(_ length: Int) async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                let body = String(decoding: pattern(length).map { $0 | 0x40 & 0x7F }, as: UTF8.self)
                for _ in 0..<2 {
                    let lines = ["POST / HTTP/1.1", "Host: a", "Content-Length: \(body.utf8.count)"]
                    let sender = Sender { try client.sendRequest(lines, body: body) }
                    let response = try client.readResponse()
                    #expect(response.text == body && response["Transfer-Encoding"] == nil)
                    try await sender.finished()
                }
                #expect(
                    origin.requests.allSatisfy { $0.message.text == body && $0.message["Transfer-Encoding"] == nil })
                #expect(origin.acceptedConnections == 1)
                #expect(
                    try await gateway.records().allSatisfy {
                        $0.bytesIn == body.utf8.count && $0.bytesOut == body.utf8.count
                    })
            }
        }

        @Test("a chunked body arrives with its trailers, however it was cut")
        func chunked() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for separated in [false, true] {
                    try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for piece in [
                        "5;x=y\r\nhel", "lo\r\n", "1\r\n \r\n5\r", "\nworld\r\n0\r\nX-T: 1\r\nHost: evil\r\n\r", "\n",
                    ] {
                        try client.send(piece)
                        if separated { try await gateway.turn() }
                    }
                    let response = try client.readResponse()
                    #expect(response.text == "hello world" && response["Content-Length"] == nil)
                    #expect(response.trailers.map(\.name) == ["X-T"] && response.trailers.map(\.value) == ["1"])
                }
                let requests = origin.requests.map(\.message)
                #expect(requests.map(\.text) == ["hello world", "hello world"])
                #expect(
                    requests.allSatisfy {
                        $0.trailers.map(\.name) == ["X-T"] && $0.values("Transfer-Encoding") == ["chunked"]
                    })
                // No peer sees an extension of the other.
                #expect(requests.allSatisfy { !String(decoding: $0.bytes, as: UTF8.self).contains(";x=y") })
                #expect(origin.acceptedConnections == 1)
            }
        }

        @Test("an empty chunked body is a chunked body")
        func emptyChunked() async throws {
            let origin = try Self.echo()
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["PUT / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked"], body: "0\r\n\r\n")
                let response = try client.readResponse()
                #expect(response.text.isEmpty && response["Transfer-Encoding"] == "chunked")
            }
        }

        @Test(
            "the answer to HEAD, a 204 and a 304 have no body, whatever they say",
            arguments: [
                ("HEAD", "200 OK", "Content-Length: 5"), ("HEAD", "200 OK", "Transfer-Encoding: chunked"),
                ("HEAD", "200 OK", "X: 1"),
                ("GET", "204 No Content", "X: 1"), ("GET", "304 Not Modified", "Content-Length: 5"),
                ("GET", "304 Not Modified", "X: 1"),
            ])
        func noBody(_ method: String, _ status: String, _ line: String) async throws {
            let origin = try TestOrigin { request in
                request.message.target == "/next" ? .response("next") : [.text("HTTP/1.1 \(status)\r\n\(line)\r\n\r\n")]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["\(method) / HTTP/1.1", "Host: a"])
                let response = try client.readResponse(to: method)
                #expect(response.startLine == "HTTP/1.1 \(status)")
                #expect(response["Content-Length"] == (line.hasPrefix("Content-Length") ? "5" : nil))
                try client.sendRequest(["GET /next HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().text == "next")
                #expect(origin.acceptedConnections == 1)
            }
        }

        @Test(
            "a body that ends with the upstream's connection goes out in chunks, to HTTP/1.0 until the connection closes"
        )
        func untilClose() async throws {
            let origin = try TestOrigin { _ in
                [.text("HTTP/1.1 200 OK\r\n\r\nfirst "), .pause(.milliseconds(20)), .text("second"), .close]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for _ in 0..<2 {
                    try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                    let response = try client.readResponse()
                    #expect(response.text == "first second" && response["Transfer-Encoding"] == "chunked")
                    #expect(response["Connection"] == nil)
                }
                try client.sendRequest(["GET / HTTP/1.0", "Connection: keep-alive"])
                let old = try client.readResponse()
                #expect(old.text == "first second" && old["Transfer-Encoding"] == nil && old["Connection"] == "close")
                #expect(try client.isAtEnd())
            }
        }

        @Test("a chunked response reaches an HTTP/1.0 client without chunks and trailers")
        func chunkedToHTTP10() async throws {
            let origin = try TestOrigin { _ in
                [.text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n")]
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.0", "Connection: keep-alive"])
                let response = try client.readResponse()
                #expect(response.text == "abcde" && response["Connection"] == "close")
            }
        }

        @Test("RFC 9110 §6.6.1: a response without a date gets one")
        func undated() async throws {
            let origin = try TestOrigin { _ in .response("ok") }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                let dates = try client.readResponse().values("Date")
                #expect(dates.count == 1 && dates[0].hasSuffix(" GMT"))
            }
        }

        @Test("fields of one hop stay on it, in both directions")
        func hopByHop() async throws {
            let origin = try TestOrigin { _ in
                .response(
                    "ok",
                    headers: [
                        ("Connection", "X-Mine, keep-alive"), ("X-Mine", "1"), ("Keep-Alive", "timeout=5"),
                        ("Upgrade", "h2c"), ("X-Kept", "1"), ("Date", "Tue, 24 Nov 2026 10:00:00 GMT"),
                    ])
            }
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest([
                    "GET /a/./b//c?x=%2e HTTP/1.1", "Host: a", "Connection: X-Yours, Upgrade", "X-Yours: 1",
                    "Upgrade: websocket",
                    "TE: trailers", "Proxy-Authorization: x", "accept:  b", "Accept: c",
                ])
                let response = try client.readResponse()
                #expect(
                    response.head
                        == "HTTP/1.1 200 OK\r\nX-Kept: 1\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nContent-Length: 2")
                #expect(
                    origin.requests[0].message.head == "GET /a/b/c?x=%2e HTTP/1.1\r\nHost: a\r\naccept:  b\r\nAccept: c"
                )
            }
        }

        @Test("an interim response is passed on before the body is there, and the final one after it")
        func expectContinue() async throws {
            let origin = try TestOrigin(connection: { connection, number, record in
                while true {
                    let head = try connection.readHead()
                    try connection.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
                    let body = try connection.read(exactly: Int(head["Content-Length"] ?? "") ?? 0)
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n")
                    try connection.send(body)
                }
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                for _ in 0..<2 {
                    try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 5"])
                    let hints = try client.readHead()
                    #expect(hints.status == 103 && hints["Link"] == "</x>")
                    #expect(try client.readHead().status == 100)
                    try client.send("hello")
                    #expect(try client.readResponse().text == "hello")
                }
                // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
                try client.sendRequest(
                    ["POST / HTTP/1.0", "Host: a", "Expect: 100-continue", "Content-Length: 5"], body: "hello")
                let old = try client.readHead()
                #expect(old.status == 200)
                #expect(try client.read(exactly: 5) == Array("hello".utf8))
            }
        }

        @Test(
            "a refusal instead of 100 Continue ends the connection, for the body may or may not come",
            arguments: [true, false])
        func expectationRefused(_ isChunked: Bool) async throws {
            let origin = try TestOrigin(connection: { connection, number, record in
                _ = try connection.readHead()
                try connection.send(
                    isChunked
                        ? "HTTP/1.1 417 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n"
                        : "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")
                if isChunked {
                    // The head leaves by itself, before it is known that the body will not be read.
                    Thread.sleep(forTimeInterval: 0.02)
                    try connection.send("0\r\n\r\n")
                }
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 500"])
                let response = try client.readResponse()
                #expect(response.status == 417 && response.text == "no")
                // A client that sends no body but its next request must not have that read as the body.
                try? client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(try client.isAtEnd())
            }
        }

        @Test(
            "an early response to a small upload keeps the connection, to a large one it ends it",
            arguments: [
                (1000, true), (10_000_000, false),
            ])
        func earlyResponse(_ length: Int, _ isKept: Bool) async throws {
            let origin = try TestOrigin(connection: { connection, number, record in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno")
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: \(length)"])
                let response = try client.readResponse()
                #expect(response.status == 403 && response.text == "no")
                #expect(response["Connection"] == (isKept ? nil : "close"))
                guard isKept else {
                    #expect(try client.isAtEnd())
                    return
                }
                try client.send(String(repeating: "x", count: length))
                try client.sendRequest(["GET / HTTP/1.1", "Host: a"])
                #expect(try client.readResponse().status == 403)
                #expect(origin.acceptedConnections == 2)
            }
        }

        @Test("a response may stream while its request still does")
        func bidirectional() async throws {
            let origin = try TestOrigin(connection: { connection, number, record in
                _ = try connection.readHead()
                try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in 0..<3 {
                    let piece = try connection.read(exactly: 4)
                    try connection.send("4\r\n")
                    try connection.send(piece)
                    try connection.send("\r\n")
                }
                try connection.send("0\r\n\r\n")
                _ = try connection.readUntilClose()
            })
            try await withGateway(to: origin) { gateway in
                let client = try gateway.client()
                try client.sendRequest(["POST / HTTP/1.1", "Host: a", "Content-Length: 12"])
                #expect(try client.readHead().status == 200)
                for piece in ["abcd", "efgh", "ijkl"] {
                    try client.send(piece)
                    #expect(try client.read(until: "\(piece)\r\n") == Array("4\r\n\(piece)\r\n".utf8))
                }
                #expect(try client.read(until: "\r\n\r\n") == Array("0\r\n\r\n".utf8))
            }
        }
    }
}
