import Foundation
import Synchronization
import TestSupport

/// An origin that answers as the test says, path by path, and counts how often each was asked.
final class CacheOrigin: Sendable {
    struct Answer: Sendable {
        var status = "200 OK"
        var fields: [String] = []
        /// Nil: the path and how often it was asked, so that a stored answer can be told from a new one.
        var body: String?
        var delay = Duration.zero
        /// The connection ends after so many bytes of the body.
        var cut: Int?
        /// Instead of the framing by `Content-Length`.
        var isChunked = false
        var hasDate = true
    }

    private struct State {
        var counts: [String: Int] = [:]
        var answers: [String: Answer] = [:]
        var requests: [RawMessage] = []
        var isDown = false
    }
    private final class Shared: Sendable { let state = Mutex(State()) }

    private let shared = Shared()
    private let origin: TestOrigin

    init() throws {
        let shared = self.shared
        origin = try TestOrigin { request in
            let message = request.message
            let path = message.target.split(separator: "?").first.map(String.init) ?? ""
            let (answer, count, isDown) = shared.state.withLock { state in
                state.counts[path, default: 0] += 1
                state.requests.append(message)
                return (state.answers[path] ?? Answer(), state.counts[path] ?? 0, state.isDown)
            }
            return isDown ? [.close] : Self.steps(answer, message, count)
        }
    }

    var url: String { "http://127.0.0.1:\(origin.port)" }

    /// What is answered to requests for `path` from now on.
    func answer(_ path: String, _ answer: Answer) { shared.state.withLock { $0.answers[path] = answer } }

    func answer(_ path: String, _ fields: String..., status: String = "200 OK", body: String? = nil) {
        answer(path, Answer(status: status, fields: fields, body: body))
    }

    /// Every connection is closed instead of answered.
    func setDown(_ isDown: Bool) { shared.state.withLock { $0.isDown = isDown } }

    /// How often a path was asked for.
    func count(_ path: String) -> Int { shared.state.withLock { $0.counts[path] ?? 0 } }

    /// The last request that came.
    var last: RawMessage? { shared.state.withLock { $0.requests.last } }

    /// A validator in the answer makes the origin answer 304 to a request that names it.
    private static func steps(_ answer: Answer, _ request: RawMessage, _ count: Int) -> [TestOrigin.Step] {
        let steps: [TestOrigin.Step] = answer.delay > .zero ? [.pause(answer.delay)] : []
        let etag = answer.fields.first { $0.hasPrefix("ETag: ") }.map { String($0.dropFirst(6)) }
        let modified = answer.fields.first { $0.hasPrefix("Last-Modified: ") }.map { String($0.dropFirst(15)) }
        let isKnown =
            etag != nil && request["If-None-Match"] == etag
            || modified != nil && request["If-Modified-Since"] == modified
        let date = answer.hasDate ? ["Date: \(httpDate())"] : []
        let fields = (date + answer.fields).map { $0 + "\r\n" }.joined()
        if isKnown, answer.status.hasPrefix("200") {
            return steps + [.text("HTTP/1.1 304 Not Modified\r\n\(fields)X-Count: \(count)\r\n\r\n")]
        }
        let body = answer.body ?? "\(request.target) \(count)"
        let isBodyless = request.method == "HEAD" || answer.status.hasPrefix("204")
        let length = body.utf8.count
        if answer.isChunked {
            return steps + [
                .text("HTTP/1.1 \(answer.status)\r\n\(fields)Transfer-Encoding: chunked\r\n\r\n"),
                .text(String(length, radix: 16) + "\r\n\(body)\r\n0\r\n\r\n"),
            ]
        }
        let head = "HTTP/1.1 \(answer.status)\r\n\(fields)Content-Length: \(length)\r\nX-Count: \(count)\r\n\r\n"
        if isBodyless { return steps + [.text(head)] }
        if let cut = answer.cut { return steps + [.text(head + body.prefix(cut)), .close] }
        return steps + [.text(head + body)]
    }

    static func httpDate(_ offset: TimeInterval = 0) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date().addingTimeInterval(offset))
    }
}

extension RawMessage {
    /// `HIT`, `MISS` and so on.
    var cacheWord: String { self["X-Cache"] ?? "" }
    var cacheStatus: String { self["Cache-Status"] ?? "" }
}
