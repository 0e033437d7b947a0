import GatewayCore
import HTTPWire
import Policies

/// Lets pages of other origins call a route, and answers their browsers' preflights in place of the service.
///
/// Before authentication: a preflight carries no credentials, and a page must be able to read why its request was refused.
package final class CORSFilter: RequestFilter, PreflightAnswering {
    package let phase = Phase.arrive
    private let rules: CORSRules
    /// Complete field lines for an origin that is allowed, but for the one that names it.
    private let lines: String
    private let preflightLines: String

    package init(_ rules: CORSRules) {
        self.rules = rules
        let credentials = rules.allowsCredentials ? "Access-Control-Allow-Credentials: true\r\n" : ""
        let exposed =
            rules.exposed.isEmpty ? "" : "Access-Control-Expose-Headers: \(rules.exposed.joined(separator: ", "))\r\n"
        let vary = rules.answersAllAlike ? "" : "Vary: Origin\r\n"
        lines = credentials + exposed + vary
        preflightLines =
            credentials + "Access-Control-Allow-Methods: \(rules.methods.joined(separator: ", "))\r\n"
            + "Access-Control-Max-Age: \(rules.maximumAgeSeconds)\r\n"
            + "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n"
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        // What the service says of origins gives way to what is said here.
        exchange.replacesCORS = true
        let fields = exchange.request.fields
        guard let origin = fields.first("origin"), rules.allows(origin: origin) else {
            if !rules.answersAllAlike { exchange.responseLines.append("Vary: Origin\r\n") }
            return .proceed
        }
        if exchange.request.method.equals("OPTIONS"), fields.first("access-control-request-method") != nil {
            return .reply(preflight(exchange.request))
        }
        appendOrigin(origin, to: exchange.responseLines)
        exchange.responseLines.append(lines)
        return .proceed
    }

    private func appendOrigin(_ origin: Bytes, to lines: ByteBuilder) {
        lines.append("Access-Control-Allow-Origin: ")
        if rules.answersAllAlike { lines.append("*") } else { lines.append(origin) }
        lines.append("\r\n")
    }

    // MARK: Preflights

    package func preflight(_ request: RequestHead) -> Reply {
        let fields = request.fields
        guard let origin = fields.first("origin"), rules.allows(origin: origin) else {
            return Self.refusal("This route may not be called by pages of this origin.")
        }
        guard let method = fields.first("access-control-request-method"), rules.allows(method: method) else {
            return Self.refusal("Pages may call this route by \(rules.methods.joined(separator: ", ")) only.")
        }
        var lines = "Access-Control-Allow-Origin: \(rules.answersAllAlike ? "*" : origin.text)\r\n"
        if let asked = fields.first("access-control-request-headers") {
            var isAllowed = true
            asked.forEachListElement { if !rules.allows(header: $0) { isAllowed = false } }
            guard isAllowed else {
                return Self.refusal("Pages may not send all of the header fields that this one asks for.")
            }
            lines += "Access-Control-Allow-Headers: \(asked.text)\r\n"
        }
        if rules.allowsPrivateNetwork, fields.first("access-control-request-private-network") != nil {
            lines += "Access-Control-Allow-Private-Network: true\r\n"
        }
        return Reply(status: 204, lines: lines + preflightLines)
    }

    /// Without the fields that would allow anything the browser refuses too; the status and the text are for developers.
    private static func refusal(_ detail: String) -> Reply {
        Reply(
            status: 403, kind: "cors", title: "Forbidden", detail: detail,
            lines: "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\r\n")
    }
}
