import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Sends a stored response: all of it, the part that was asked for, or word that the client has it already.
enum StoredAnswer {
    static func send(_ response: CachedResponse, _ facts: CacheRequestFacts, to exchange: Exchange) {
        if !facts.conditions.isEmpty, (200..<300).contains(response.status) {
            switch facts.conditions.evaluate(etag: response.etag, lastModified: response.lastModified) {
            case .proceed: break
            case .notModified: return sendNotModified(response.lines, to: exchange)
            }
        }
        if facts.hasRange, response.status == 200, !exchange.request.isHEAD, sendPart(response, to: exchange) { return }
        let length = response.body.count
        let framing: BodyLength = length > 0 ? .exactly(length) : .none
        let body = exchange.request.isHEAD || length == 0 ? nil : response.body
        response.lines.withUnsafeBufferPointer {
            exchange.downstream.respond(
                StoredHead(status: response.status, lines: $0, length: framing), body: body, isComplete: true)
        }
    }

    static func sendNotModified(_ lines: [UInt8], to exchange: Exchange) {
        StoredFields.ofNotModified(lines).withUnsafeBufferPointer {
            exchange.downstream.respond(
                StoredHead(status: 304, lines: $0, length: .none), body: nil, isComplete: true)
        }
    }

    /// RFC 9110 §14: false if the whole is to be sent.
    private static func sendPart(_ response: CachedResponse, to exchange: Exchange) -> Bool {
        let fields = exchange.request.fields
        guard let range = fields.first("range") else { return false }
        let length = response.body.count
        let outcome = RangeRequest.evaluate(
            range, ifRange: fields.first("if-range"), length: length, etag: response.etag,
            lastModified: response.strongLastModified)
        var lines = response.lines
        switch outcome {
        case .whole: return false
        case .part(let part):
            lines.append(
                contentsOf: "Content-Range: bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)\r\n".utf8)
            let body = response.body.part(part)
            lines.withUnsafeBufferPointer {
                exchange.downstream.respond(
                    StoredHead(status: 206, lines: $0, length: .exactly(part.count)), body: body, isComplete: true)
            }
        case .unsatisfiable:
            exchange.responseLines.append("Content-Range: bytes */")
            exchange.responseLines.append(decimal: length)
            exchange.responseLines.append("\r\n")
            exchange.answer(rangeNotSatisfiable)
        }
        return true
    }

    private static let rangeNotSatisfiable = Reply(
        status: 416, kind: "range-not-satisfiable", title: "Range not satisfiable",
        detail: "The body is shorter than the first byte of the range.")
    /// RFC 9111 §5.2.1.7: the request may not go on to the origin.
    static func refuse(_ exchange: Exchange) {
        exchange.responseLines.append("Cache-Status: sluice; detail=only-if-cached\r\nX-Cache: MISS\r\n")
        exchange.record.cache = .miss
        exchange.answer(onlyIfCached)
    }

    private static let onlyIfCached = Reply(
        status: 504, kind: "not-cached", title: "Gateway timeout",
        detail: "The request allows only a stored response (only-if-cached), and none may be used.")
}
