import Foundation
import GatewayCore
import HTTPWire
import Testing

@Suite("the gateway's own replies")
struct ReplyTests {
    private static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    /// Writes into exactly the room that the reply asks for: one byte too many would trap.
    private func text(
        _ reply: Reply, added: String = "", requestID: String = "r1", isHEAD: Bool = false,
        persistence: ResponseHead.Persistence = .unsaid
    ) -> String {
        let capacity = reply.capacity(extra: added.utf8.count, requestID: requestID.utf8.count)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        defer { memory.deallocate() }
        var writer = HeadWriter(memory)
        Array(Self.date.utf8).withUnsafeBufferPointer { date in
            Array(added.utf8).withUnsafeBufferPointer { added in
                Array(requestID.utf8).withUnsafeBufferPointer { requestID in
                    reply.write(
                        to: &writer, date: date, added: added, requestID: requestID, isHEAD: isHEAD,
                        persistence: persistence)
                }
            }
        }
        return String(decoding: memory.prefix(writer.count), as: UTF8.self)
    }

    private func members(of text: String) throws -> [String: Any] {
        let body = try #require(text.components(separatedBy: "\r\n\r\n").dropFirst().first)
        return try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }

    @Test("a problem is written byte by byte as expected")
    func exactBytes() {
        let reply = Reply(
            status: 429, kind: "rate-limited", title: "Too many", detail: "Wait.", lines: "Retry-After: 1\r\n")
        let body =
            #"{"type":"urn:sluice:problem:rate-limited","title":"Too many","status":429,"detail":"Wait.","#
            + #""error":"Too many","request_id":"r1"}"#
        let head = """
            HTTP/1.1 429 Too Many Requests\r
            Date: \(Self.date)\r
            Content-Type: application/problem+json\r
            Cache-Control: no-store\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            Retry-After: 1\r
            X: 1\r
            \r

            """
        #expect(text(reply, added: "X: 1\r\n", persistence: .close) == head + body)
        #expect(text(reply, added: "X: 1\r\n", isHEAD: true, persistence: .close) == head)
        #expect(reply.bodyLength(requestID: 2, isHEAD: false) == body.utf8.count)
        #expect(reply.bodyLength(requestID: 2, isHEAD: true) == 0)
    }

    @Test(
        "whatever the texts hold, the body is valid JSON that gives them back",
        arguments: [
            "", "plain", "\"quoted\" \\ back\\\\slash\\", "line\nfeed\r\n\ttab", "\u{0}\u{1}\u{1f}\u{7f}",
            "\u{2028}\u{2029}",
            "\u{e9}\u{1f980}\u{10ffff}", "</script>", "{\"a\":[1,2]}", "\u{8}\u{c}", "e\u{301}\r\u{301}", "%s %n",
            "\\u0041",
        ])
    func nastyTexts(_ nasty: String) throws {
        let reply = Reply(status: 400, kind: "bad-request", title: nasty, detail: nasty)
        let members = try members(of: text(reply))
        #expect(members["title"] as? String == nasty && members["detail"] as? String == nasty)
        #expect(members["error"] as? String == nasty && members["status"] as? Int == 400)
        #expect(
            members["type"] as? String == "urn:sluice:problem:bad-request" && members["request_id"] as? String == "r1")
        #expect(members.count == 6)
    }

    @Test("a reply without a body says so, and a 204 has no length")
    func noBody() {
        let options = text(.options(allow: "GET, POST"))
        #expect(options == "HTTP/1.1 204 No Content\r\nDate: \(Self.date)\r\nAllow: GET, POST\r\n\r\n")
        let empty = text(Reply(status: 200, lines: ""), persistence: .keepAlive)
        let expected = "HTTP/1.1 200 OK\r\nDate: \(Self.date)\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
        #expect(empty == expected)
    }

    @Test("a reply may have any content")
    func content() {
        let reply = Reply(status: 200, contentType: "text/plain", content: Array("hello".utf8), lines: "A: 1\r\n")
        let head =
            "HTTP/1.1 200 OK\r\nDate: \(Self.date)\r\nContent-Length: 5\r\nContent-Type: text/plain\r\nA: 1\r\n\r\n"
        #expect(text(reply) == head + "hello")
        #expect(text(reply, isHEAD: true) == head)
    }

    @Test("what can't be followed by another request says so")
    func closing() {
        #expect(Reply.badRequest("x").closesConnection && Reply.requestTimeout.closesConnection)
        #expect(Reply.contentTooLarge.closesConnection && !Reply.notFound.closesConnection)
        #expect(Reply.badRequest("x", status: 431).status == 431)
        #expect(text(.methodNotAllowed(allow: "GET")).contains("\r\nAllow: GET\r\n"))
    }

    @Test("each status the gateway answers with has a reason phrase")
    func reasons() {
        let replies: [Reply] = [
            .badRequest("x"), .notFound, .methodNotAllowed(allow: ""), .options(allow: ""), .contentTooLarge,
            .requestTimeout,
            .badGateway("x"), .unavailable("x"), .gatewayTimeout("x"),
        ]
        let statuses = replies.map(\.status) + HeadFault.allStatuses + [200, 401, 403, 429]
        for status in statuses { #expect(StatusReason.of(status) != "Unknown", "\(status)") }
        #expect(StatusReason.of(299) == "Unknown")
    }

    @Test("the date has the form of RFC 9110 and is the present")
    func date() throws {
        let text = HTTPDate().withBytes { $0.text }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = try #require(format.date(from: text))
        #expect(abs(date.timeIntervalSinceNow) < 5 && text.utf8.count == 29)
    }
}

extension HeadFault {
    fileprivate static var allStatuses: [Int] { (0..<UInt8.max).compactMap { HeadFault(rawValue: $0)?.status } }
}
