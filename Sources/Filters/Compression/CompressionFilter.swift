import Compression
import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Has a route's responses compressed as each client likes it: negotiated by `Accept-Encoding`, never twice, never what gains
/// nothing. Behind it all is as it was: caches keep what came from the service.
package final class CompressionFilter: RequestFilter {
    package let phase = Phase.arrive
    private let rules: CompressionRules
    private let codings: [ContentCoding]
    private let names: [[UInt8]]
    private let pool: EncoderPool
    private let kept = ByteBuilder(capacity: 64)

    package init(_ rules: CompressionRules, _ pool: EncoderPool) {
        self.rules = rules
        self.pool = pool
        codings = rules.encodings.compactMap { ContentCoding(rawValue: $0) }
        names = codings.map { Array($0.rawValue.utf8) }
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        exchange.compressor = self
        return .proceed
    }

    /// What fields say about a body, in the order in which they come.
    private struct Facts {
        var isWorthIt = false
        var isCoded = false
        var variesAlready = false

        mutating func note(_ name: Bytes, _ value: Bytes, _ rules: CompressionRules) {
            switch name.count {
            case 4 where name.equalsIgnoringCase("vary"):
                value.forEachListElement {
                    if $0.equalsIgnoringCase("accept-encoding") || $0.equals("*") { variesAlready = true }
                }
            case 12 where name.equalsIgnoringCase("content-type"): isWorthIt = rules.covers(type: value)
            case 13 where name.equalsIgnoringCase("cache-control"):
                value.forEachListElement { if $0.equalsIgnoringCase("no-transform") { isCoded = true } }
            case 13 where name.equalsIgnoringCase("content-range"): isCoded = true
            case 16 where name.equalsIgnoringCase("content-encoding"): isCoded = true
            default: break
            }
        }
    }

    /// Nil: as it is. A body that might be compressed for others says so (RFC 9110 §12.5.5).
    private func choose(
        _ facts: Facts, status: Int, _ bytes: Int?, _ exchange: Exchange
    ) -> (any BodyEncoding)? {
        guard facts.isWorthIt, !facts.isCoded, status >= 200, status != 204, status != 206, status != 304 else {
            return nil
        }
        if let bytes, bytes < rules.minimumBytes { return nil }
        if !facts.variesAlready { exchange.responseLines.append("Vary: Accept-Encoding\r\n") }
        guard !exchange.request.isHEAD, let accepted = exchange.request.fields.first("accept-encoding"),
            let index = AcceptEncoding.choose(accepted, offered: names),
            let encoding = pool.take(codings[index], flushes: bytes == nil)
        else { return nil }
        exchange.responseLines.append("Content-Encoding: ")
        exchange.responseLines.append(names[index])
        exchange.responseLines.append("\r\n")
        return encoding
    }

    /// RFC 9110 §8.8.3.3: the coded body is another representation, and its bytes need not be the same each time.
    private func appendWeak(_ tag: Bytes, to lines: ByteBuilder) {
        lines.append("ETag: ")
        if !tag.starts(with: "W/".utf8) { lines.append("W/") }
        lines.append(tag)
        lines.append("\r\n")
    }

    private static func isAboutBytes(_ name: Bytes) -> Bool {
        switch name.count {
        case 4: name.equalsIgnoringCase("etag")
        case 6: name.equalsIgnoringCase("digest")
        case 11: name.equalsIgnoringCase("content-md5")
        case 13: name.equalsIgnoringCase("accept-ranges")
        case 14: name.equalsIgnoringCase("content-length") || name.equalsIgnoringCase("content-digest")
        default: false
        }
    }
}

extension CompressionFilter: ResponseCompressor {
    package func begin(
        _ head: ResponseHead, bodyBytes: Int?, for exchange: Exchange
    ) -> (any BodyEncoding)? {
        let fields = head.fields
        var facts = Facts()
        for index in 0..<fields.count where !fields.slots[index].isDropped {
            facts.note(fields.name(index), fields.value(index), rules)
        }
        FieldLines.forEach(in: exchange.responseLines.bytes) { line, name in
            facts.note(name, FieldLines.value(of: line, name: name), rules)
        }
        guard let encoding = choose(facts, status: head.status, bodyBytes, exchange) else { return nil }
        for index in 0..<fields.count where !fields.slots[index].isDropped {
            let name = fields.name(index)
            guard Self.isAboutBytes(name) else { continue }
            fields.slots[index].isDropped = true
            if name.count == 4 { appendWeak(fields.value(index), to: exchange.responseLines) }
        }
        return encoding
    }

    package func begin(
        _ head: StoredHead, bodyBytes: Int?, for exchange: Exchange
    ) -> (lines: Bytes, encoding: any BodyEncoding)? {
        var facts = Facts()
        for lines in [head.lines, exchange.responseLines.bytes] {
            FieldLines.forEach(in: lines) { line, name in
                facts.note(name, FieldLines.value(of: line, name: name), rules)
            }
        }
        guard let encoding = choose(facts, status: head.status, bodyBytes, exchange) else { return nil }
        kept.removeAll()
        FieldLines.forEach(in: head.lines) { line, name in
            if !Self.isAboutBytes(name) { return kept.append(line) }
            if name.count == 4 { appendWeak(FieldLines.value(of: line, name: name), to: kept) }
        }
        return (kept.bytes, encoding)
    }
}
