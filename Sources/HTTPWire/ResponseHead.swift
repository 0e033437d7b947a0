#if canImport(Glibc)
    import Glibc
#endif

/// A response head from an upstream, parsed as strictly as a request: a peer whose framing is ambiguous gets its
/// response dropped (502) rather than passed on. One is reused for all responses of a connection.
package final class ResponseHead {
    package enum Outcome: Equatable {
        case complete(Int)
        case incomplete
        case fault(HeadFault)
    }

    package let fields = FieldSection()
    package private(set) var status = 0
    package private(set) var body = BodyLength.none
    /// Whether the peer allows a further request on the connection.
    package private(set) var allowsReuse = true
    private var startLineEnd = 0

    package init() {}

    /// A copy that lives on when this head is reused.
    package func copy() -> ResponseHead {
        let copy = ResponseHead()
        _ = copy.parse(fields.bytes, answersHEAD: false, limit: .max)
        return copy
    }

    package var isInterim: Bool { status < 200 }

    /// Parses from the first byte of a status line; `answersHEAD` because such a response has no body whatever it says.
    package func parse(_ input: Bytes, answersHEAD: Bool, limit: Int) -> Outcome {
        guard let bytes = input.baseAddress else { return .incomplete }
        let available = min(input.count, limit)
        fields.reset()
        guard let found = memchr(bytes, 0x0A, available) else {
            return input.count >= limit ? .fault(.headTooLarge) : .incomplete
        }
        let lineFeed = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes
        guard let isHTTP11 = parseStatusLine(bytes, lineFeed) else { return .fault(.statusLine) }
        var offset = lineFeed &+ 1
        startLineEnd = offset
        var facts = Facts()
        while true {
            switch fields.parseLine(bytes, available, &offset) {
            case .field(.other): continue
            case .field(let kind): if let fault = note(kind, bytes, &facts) { return .fault(fault) }
            case .incomplete: return input.count >= limit ? .fault(.headTooLarge) : .incomplete
            case .fault(let fault): return .fault(fault)
            case .end(let next):
                if let fault = conclude(facts, isHTTP11, answersHEAD) { return .fault(fault) }
                fields.keep(bytes, next)
                if facts.namesFields { dropNamedFields() }
                return .complete(next)
            }
        }
    }

    /// `HTTP/1.x SP 3DIGIT SP [reason]`; nil if it is anything else, else whether it is 1.1.
    private func parseStatusLine(_ bytes: UnsafePointer<UInt8>, _ lineFeed: Int) -> Bool? {
        guard lineFeed >= 13, bytes[lineFeed &- 1] == 0x0D, Bytes(start: bytes, count: 7).equals("HTTP/1."),
            bytes[7] &- 0x30 <= 1, bytes[8] == 0x20
        else { return nil }
        guard let code = Decimal.parse(Bytes(start: bytes + 9, count: 3)), (100...599).contains(code) else {
            return nil
        }
        guard bytes[12] == 0x20 || lineFeed == 13 else { return nil }
        for index in 12..<(lineFeed &- 1) where bytes[index] < 0x20 && bytes[index] != 0x09 { return nil }
        status = code
        return bytes[7] == 0x31
    }

    private struct Facts {
        var contentLength = -1
        var isChunked = false
        var namesFields = false
        var saysClose = false
        var saysKeepAlive = false
    }

    private func note(_ kind: FieldKind, _ bytes: UnsafePointer<UInt8>, _ facts: inout Facts) -> HeadFault? {
        let slot = fields.slots[fields.count &- 1]
        let value = Bytes(start: bytes + Int(slot.valueStart), count: Int(slot.valueLength))
        switch kind {
        case .contentLength:
            guard facts.contentLength < 0 else { return .severalContentLengths }
            guard let length = Decimal.parse(value) else { return .contentLength }
            facts.contentLength = length
        case .transferEncoding:
            guard !facts.isChunked else { return .encodingNotChunked }
            if let fault = RequestHead.judgeEncoding(value) { return fault }
            facts.isChunked = true
        case .connection:
            RequestHead.noteConnection(value, &facts.saysClose, &facts.saysKeepAlive, &facts.namesFields)
        default: break
        }
        return nil
    }

    private func conclude(_ facts: Facts, _ isHTTP11: Bool, _ answersHEAD: Bool) -> HeadFault? {
        allowsReuse = isHTTP11 ? !facts.saysClose : facts.saysKeepAlive && !facts.saysClose
        if facts.isChunked, facts.contentLength >= 0 { return .lengthAndEncoding }
        if facts.isChunked, !isHTTP11 { return .encodingInHTTP10 }
        if isInterim || status == 204 || status == 304 || answersHEAD {
            body = .none
            // RFC 9110 §8.6: these have no length, and a client that believed one would wait for it.
            if isInterim || status == 204 { dropContentLength() }
        } else if facts.isChunked {
            body = .chunked
        } else if facts.contentLength >= 0 {
            body = facts.contentLength > 0 ? .exactly(facts.contentLength) : .none
        } else {
            body = .untilClose
        }
        return nil
    }

    private func dropContentLength() {
        for index in 0..<fields.count where fields.slots[index].kind == .contentLength {
            fields.slots[index].isDropped = true
        }
    }

    private func dropNamedFields() {
        for index in 0..<fields.count where fields.slots[index].kind == .connection {
            fields.dropFields(namedBy: fields.value(index))
        }
    }

    var fieldsStart: Int { startLineEnd }
    var fieldsEnd: Int { fields.length &- 2 }
}
