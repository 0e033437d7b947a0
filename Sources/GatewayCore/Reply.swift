import HTTPWire
import JSON

/// A response made by the gateway itself: `application/problem+json` (RFC 9457) with, as the brief has it, `error`.
///
/// Made once, when a route is compiled or as a constant; what varies per request (`Retry-After`, rate limits) are lines
/// that filters add to `Exchange.responseLines`.
package struct Reply: Sendable {
    package let status: Int
    package let reason: String
    let body: Body
    /// Further complete field lines, such as `Allow` or `WWW-Authenticate`.
    package let lines: [UInt8]
    /// The connection can't be used after this reply.
    package var closesConnection = false
    /// A 401 that counts among the failed attempts of an address; not so where a credential has merely expired.
    package var isFailedAttempt = true

    enum Body: Sendable {
        case none
        /// A problem up to the value of `request_id`, its last member.
        case problem(prefix: [UInt8])
        case content([UInt8])
    }

    /// - Parameters:
    ///   - kind: last part of the problem's type URN, such as `rate-limited`.
    ///   - title: short and constant, for people; also the brief's `error`.
    ///   - lines: complete field lines, each ended by CRLF.
    package init(status: Int, kind: String, title: String, detail: String, lines: String = "") {
        self.status = status
        self.reason = StatusReason.of(status)
        self.lines = Array(lines.utf8)
        let members = [
            ("type", JSONText.quoted("urn:sluice:problem:" + kind)), ("title", JSONText.quoted(title)),
            ("status", String(status)), ("detail", JSONText.quoted(detail)), ("error", JSONText.quoted(title)),
        ]
        let text = members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",")
        body = .problem(prefix: Array("{\(text),\"request_id\":\"".utf8))
    }

    /// A problem that says more than others.
    /// - Parameter members: members of its JSON object besides those that every problem has, `detail` among them if need
    ///   be; without braces.
    package init(status: Int, kind: String, title: String, members: [UInt8]) {
        self.status = status
        self.reason = StatusReason.of(status)
        self.lines = []
        var prefix = "{\"type\":\(JSONText.quoted("urn:sluice:problem:" + kind)),\"title\":\(JSONText.quoted(title)),"
        prefix += "\"status\":\(status),\"error\":\(JSONText.quoted(title)),"
        body = .problem(prefix: Array(prefix.utf8) + members + Array(",\"request_id\":\"".utf8))
    }

    /// A reply without a body, such as the answer to OPTIONS.
    package init(status: Int, lines: String) {
        self.status = status
        self.reason = StatusReason.of(status)
        self.lines = Array(lines.utf8)
        self.body = .none
    }

    /// A reply with any content, as the admin listener gives.
    package init(status: Int, contentType: String, content: [UInt8], lines: String = "") {
        self.status = status
        self.reason = StatusReason.of(status)
        self.lines = Array("Content-Type: \(contentType)\r\n\(lines)".utf8)
        self.body = .content(content)
    }
}

extension Reply {
    /// What a problem says to people; nil for other bodies.
    package var detail: String? {
        guard case .problem(let prefix) = body, let problem = try? JSONReader.read(prefix + Array("\"}".utf8)) else {
            return nil
        }
        return problem.object?["detail"]?.string
    }
}

extension Reply {
    package static func badRequest(_ detail: String, status: Int = 400) -> Reply {
        var reply = Reply(status: status, kind: "bad-request", title: StatusReason.of(status), detail: detail)
        reply.closesConnection = true
        return reply
    }

    package static let notFound = Reply(
        status: 404, kind: "no-route", title: "Not found", detail: "No route of this gateway matches the request.")

    package static func methodNotAllowed(allow: String) -> Reply {
        Reply(
            status: 405, kind: "method-not-allowed", title: "Method not allowed",
            detail: "This path is served, but not for this method; Allow lists those it is served for.",
            lines: "Allow: \(allow)\r\n")
    }

    package static func options(allow: String) -> Reply { Reply(status: 204, lines: "Allow: \(allow)\r\n") }

    package static let contentTooLarge: Reply = {
        var reply = Reply(
            status: 413, kind: "content-too-large", title: "Content too large",
            detail: "The request body is larger than this gateway accepts.")
        reply.closesConnection = true
        return reply
    }()

    package static let requestTimeout: Reply = {
        var reply = Reply(
            status: 408, kind: "request-timeout", title: "Request timeout",
            detail: "The request did not arrive completely in time.")
        reply.closesConnection = true
        return reply
    }()

    package static func badGateway(_ detail: String) -> Reply {
        Reply(status: 502, kind: "bad-gateway", title: "Bad gateway", detail: detail)
    }

    package static func unavailable(_ detail: String, retryAfterSeconds: Int? = nil) -> Reply {
        Reply(
            status: 503, kind: "unavailable", title: "Service temporarily unavailable", detail: detail,
            lines: retryAfterSeconds.map { "Retry-After: \($0)\r\n" } ?? "")
    }

    package static func gatewayTimeout(_ detail: String) -> Reply {
        Reply(status: 504, kind: "gateway-timeout", title: "Gateway timeout", detail: detail)
    }
}
