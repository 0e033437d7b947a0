import GatewayCore
import HTTPWire

/// Tells the upstream where a request came from: `X-Forwarded-For/Host/Proto`, `Forwarded` (RFC 7239), `Via` (RFC 9110
/// §7.6.3), `X-Request-ID` and W3C `traceparent`.
///
/// What a trusted proxy said is continued; what anyone else said is replaced, since upstreams believe these fields.
package final class ForwardingHeaders: RequestFilter {
    package let phase = Phase.transformRequest
    private var generator = IdentifierGenerator()

    package init() {}

    package func apply(_ exchange: Exchange) -> Verdict {
        let lines = exchange.requestLines
        let request = exchange.request
        let fields = request.fields
        let isTrusted = exchange.peer.isTrusted
        lines.append("X-Request-ID: ")
        lines.append(exchange.requestID.bytes)
        lines.append("\r\nX-Forwarded-For: ")
        if isTrusted { appendAll(.forwardedFor, of: fields, to: lines) }
        lines.append(exchange.peer.address)
        lines.append("\r\nX-Forwarded-Host: ")
        lines.append(isTrusted ? fields.first(.forwardedHost) ?? request.host : request.host)
        lines.append("\r\nX-Forwarded-Proto: ")
        if isTrusted, let scheme = fields.first(.forwardedProto) {
            lines.append(scheme)
        } else {
            lines.append(exchange.peer.scheme)
        }
        lines.append("\r\nForwarded: ")
        if isTrusted { appendAll(.forwarded, of: fields, to: lines) }
        appendForwardedElement(exchange, to: lines)
        lines.append("\r\nVia: ")
        appendAll(.via, of: fields, to: lines)
        lines.append(exchange.peer.isHTTP2 ? "2.0" : request.isHTTP11 ? "1.1" : "1.0")
        lines.append(" sluice\r\n")
        if let certificate = exchange.peer.certificate { lines.append(certificate.lines) }
        appendTraceparent(exchange, to: lines)
        return .proceed
    }

    /// What every response carries, also those of the gateway itself.
    package static func appendResponseLines(_ exchange: Exchange) {
        exchange.responseLines.append("X-Request-ID: ")
        exchange.responseLines.append(exchange.requestID.bytes)
        exchange.responseLines.append("\r\nVia: 1.1 sluice\r\n")
    }

    /// Earlier values, each followed by a comma: a list may come in several lines (RFC 9110 §5.3).
    private func appendAll(_ kind: FieldKind, of fields: FieldSection, to lines: ByteBuilder) {
        for index in 0..<fields.count where fields.slots[index].kind == kind && fields.slots[index].valueLength > 0 {
            lines.append(fields.value(index))
            lines.append(", ")
        }
    }

    /// `for=192.0.2.1;host="example.com";proto=http`.
    private func appendForwardedElement(_ exchange: Exchange, to lines: ByteBuilder) {
        lines.append(exchange.peer.forwardedFor)
        if !exchange.request.host.isEmpty {
            // The host's characters were checked: none of them can end the quoted string.
            lines.append(";host=\"")
            lines.append(exchange.request.host)
            lines.append("\"")
        }
        lines.append(";proto=")
        lines.append(exchange.peer.scheme)
    }

    /// Where traces are recorded, the upstream's spans are children of this node's. Else a valid field is passed on as it is,
    /// or a new, unsampled trace begins here.
    private func appendTraceparent(_ exchange: Exchange, to lines: ByteBuilder) {
        lines.append("traceparent: ")
        if let trace = exchange.trace {
            trace.append(to: lines)
        } else if let incoming = exchange.request.fields.first(.traceparent), Self.isValidTraceparent(incoming) {
            lines.append(incoming)
        } else {
            lines.append("00-")
            generator.append(to: lines)
            lines.append("-")
            lines.append(hex: generator.next() | 1)
            lines.append("-00")
        }
        lines.append("\r\n")
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, lower case, neither id all zero (W3C Trace Context §3.2).
    package static func isValidTraceparent(_ value: Bytes) -> Bool {
        guard value.count == 55, value[2] == 0x2D, value[35] == 0x2D, value[52] == 0x2D else { return false }
        func isHex(_ range: Range<Int>) -> Bool {
            range.allSatisfy { (0x30...0x39).contains(value[$0]) || (0x61...0x66).contains(value[$0]) }
        }
        func isZero(_ range: Range<Int>) -> Bool { range.allSatisfy { value[$0] == 0x30 } }
        guard isHex(0..<2), isHex(3..<35), isHex(36..<52), isHex(53..<55) else { return false }
        let isForbiddenVersion = value[0] == 0x66 && value[1] == 0x66
        return !isForbiddenVersion && !isZero(3..<35) && !isZero(36..<52)
    }
}
