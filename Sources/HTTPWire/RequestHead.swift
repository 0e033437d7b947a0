#if canImport(Glibc)
    import Glibc
#endif

/// A request head as it came over HTTP/1.1: parsed in place, checked to the letter of RFC 9112, kept until the exchange
/// is over. One is reused for all requests of a connection.
///
/// The path is normalised while parsing. What a route is matched against is what the upstream is sent: the same bytes.
package final class RequestHead {
    package enum Outcome: Equatable {
        /// The head takes this many bytes of the input.
        case complete(Int)
        case incomplete
        case fault(HeadFault)
    }

    package let fields = FieldSection()
    package private(set) var body = BodyLength.none
    package private(set) var isHEAD = false
    /// HTTP/1.1; false for HTTP/1.0.
    package private(set) var isHTTP11 = true
    /// What the version and `Connection` say about further requests on the connection.
    package private(set) var wantsKeepAlive = true
    package private(set) var expectsContinue = false
    /// `OPTIONS *`: about the server, not about a resource.
    package private(set) var isServerWide = false

    /// No registered method is longer than 17 bytes; a longer first word is no HTTP.
    private static let maximumMethodLength = 23

    private var mayUpgrade = false
    private var methodLength = 0
    private var startLineEnd = 0
    private var hostSlot = -1
    let target = NormalisedTarget()
    private var rewriting: RewrittenLine?
    private var isRewritten = false

    package init() {}

    package var method: Bytes { fields.bytes.slice(0, methodLength) }
    package var path: Bytes { target.path }
    /// Without the `?`; empty if there is none.
    package var query: Bytes { target.query }
    /// Path and query as they are forwarded.
    package var pathAndQuery: Bytes { target.bytes }
    /// Of an HTTP/1.0 request without the field: what an absolute target says, or nothing.
    package var host: Bytes { hasHostField ? fields.value(hostSlot) : target.authority ?? Bytes(start: nil, count: 0) }
    var hasHostField: Bool { hostSlot >= 0 }

    /// Method and target that the upstream is sent: the client's, unless a route has others.
    package var forwardedMethod: Bytes { isRewritten ? rewriting?.method ?? method : method }
    package var forwardedTarget: Bytes { isRewritten ? rewriting?.target ?? pathAndQuery : pathAndQuery }

    /// Both, for a copy of the request; nil if they are the client's. A HEAD may be asked as a GET.
    package var rewrittenLine: (method: [UInt8], target: [UInt8])? {
        guard isRewritten else { return nil }
        return (isHEAD ? Array("GET".utf8) : Array(forwardedMethod), Array(forwardedTarget))
    }

    /// What was matched, and what caches know the request by, stays; from now on it is sent on as this.
    /// - Parameters:
    ///   - method: a token; nil: as it is now. The answer to HEAD has no body, so HEAD stays.
    ///   - target: path and query, with nothing in them that can't stand in a request line; nil: as it is now.
    package func rewrite(method newMethod: Bytes?, target newTarget: Bytes?) {
        let line = rewriting ?? RewrittenLine()
        rewriting = line
        line.set(method: isHEAD ? forwardedMethod : newMethod ?? forwardedMethod, target: newTarget ?? forwardedTarget)
        isRewritten = true
    }

    /// The protocol that the client wants to change to (RFC 9110 §7.8); nil if there is none, or if the request has a body,
    /// whose end nobody could tell from what follows.
    package var upgrade: Bytes? {
        guard mayUpgrade else { return nil }
        var isNamed = false
        var wanted: Bytes?
        for index in 0..<fields.count {
            switch fields.slots[index].kind {
            case .connection:
                fields.value(index).forEachListElement { if $0.equalsIgnoringCase("upgrade") { isNamed = true } }
            case .hopByHop where fields.name(index).equalsIgnoringCase("upgrade"):
                guard wanted == nil else { return nil }
                wanted = fields.value(index)
            default: break
            }
        }
        return isNamed ? wanted : nil
    }

    /// RFC 9110 §9.2.2: sending it twice does what sending it once does.
    package var isIdempotent: Bool {
        let method = forwardedMethod
        return method.equals("GET") || method.equals("HEAD") || method.equals("PUT") || method.equals("DELETE")
            || method.equals("OPTIONS") || method.equals("TRACE")
    }

    /// Parses from the first byte of a request line. On `.complete` the head's bytes have been copied.
    package func parse(_ input: Bytes, limit: Int) -> Outcome {
        reset()
        let outcome = parseHead(input, limit)
        // The bytes of a refused or unfinished head were not kept, so there is nothing that its slots could point to.
        if case .complete = outcome { return outcome }
        fields.reset()
        methodLength = 0
        hostSlot = -1
        return outcome
    }

    private func parseHead(_ input: Bytes, _ limit: Int) -> Outcome {
        guard let bytes = input.baseAddress else { return .incomplete }
        let available = min(input.count, limit)
        guard let found = memchr(bytes, 0x0A, available) else {
            return Self.canBegin(bytes, available)
                ? input.count >= limit ? .fault(.targetTooLong) : .incomplete : .fault(.method)
        }
        let lineFeed = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes
        if let fault = parseRequestLine(bytes, lineFeed) { return .fault(fault) }
        var offset = lineFeed &+ 1
        startLineEnd = offset
        var facts = FramingFacts()
        while true {
            switch fields.parseLine(bytes, available, &offset) {
            case .field(.other): continue
            case .field(let kind): if let fault = note(kind, bytes, &facts) { return .fault(fault) }
            case .incomplete: return input.count >= limit ? .fault(.headTooLarge) : .incomplete
            case .fault(let fault): return .fault(fault)
            case .end(let next):
                if let fault = conclude(facts, bytes) { return .fault(fault) }
                fields.keep(bytes, next)
                if facts.namesFields { dropNamedFields() }
                return .complete(next)
            }
        }
    }

    /// Whether the first bytes of an unfinished request line may be a method, so that a TLS handshake or other garbage
    /// is answered at once instead of waited for.
    private static func canBegin(_ bytes: UnsafePointer<UInt8>, _ available: Int) -> Bool {
        for index in 0..<min(available, maximumMethodLength + 1) {
            if bytes[index] == 0x20 { return index > 0 }
            if CharacterClass.table[Int(bytes[index])] & CharacterClass.token == 0 { return false }
        }
        return available <= maximumMethodLength
    }

    private func reset() {
        fields.reset()
        methodLength = 0
        isHEAD = false
        isHTTP11 = true
        body = .none
        wantsKeepAlive = true
        expectsContinue = false
        isServerWide = false
        hostSlot = -1
        mayUpgrade = false
        isRewritten = false
    }

    private func parseRequestLine(_ bytes: UnsafePointer<UInt8>, _ lineFeed: Int) -> HeadFault? {
        guard lineFeed > 0, bytes[lineFeed &- 1] == 0x0D else { return .bareLineFeed }
        let end = lineFeed &- 1
        let table = CharacterClass.table
        var space = 0
        while table[Int(bytes[space])] & CharacterClass.token != 0 { space &+= 1 }
        guard space > 0, space <= Self.maximumMethodLength else { return .method }
        guard bytes[space] == 0x20 else { return .requestLine }
        methodLength = space
        let version = end &- 9
        guard version > space, bytes[version] == 0x20 else { return .requestLine }
        guard Bytes(start: bytes + version + 1, count: 5).equals("HTTP/"), bytes[version &+ 7] == 0x2E,
            bytes[version &+ 6] &- 0x30 <= 9, bytes[version &+ 8] &- 0x30 <= 9
        else { return .version }
        guard bytes[version &+ 6] == 0x31, bytes[version &+ 8] &- 0x30 <= 1 else { return .unsupportedVersion }
        isHTTP11 = bytes[version &+ 8] == 0x31
        let method = Bytes(start: bytes, count: space)
        if method.equals("CONNECT") { return .unsupportedMethod }
        isHEAD = method.equals("HEAD")
        return parseTarget(Bytes(start: bytes + space + 1, count: version &- space &- 1), method)
    }

    private func parseTarget(_ text: Bytes, _ method: Bytes) -> HeadFault? {
        guard let first = text.first else { return .requestLine }
        if first == 0x2F { return target.normalise(text, authority: nil) }
        if text.count == 1, first == 0x2A, method.equals("OPTIONS") {
            isServerWide = true
            return target.normalise(text, authority: nil)
        }
        return target.normaliseAbsolute(text)
    }

    /// What is gathered over the field lines and judged at the end of the head.
    private struct FramingFacts {
        var contentLength = -1
        var isChunked = false
        var namesFields = false
        var saysClose = false
        var saysKeepAlive = false
    }

    private func note(_ kind: FieldKind, _ bytes: UnsafePointer<UInt8>, _ facts: inout FramingFacts) -> HeadFault? {
        let slot = fields.slots[fields.count &- 1]
        let value = Bytes(start: bytes + Int(slot.valueStart), count: Int(slot.valueLength))
        switch kind {
        case .host:
            guard hostSlot < 0 else { return .severalHosts }
            hostSlot = fields.count &- 1
            for byte in value where CharacterClass.table[Int(byte)] & CharacterClass.host == 0 { return .badHost }
        case .contentLength:
            guard facts.contentLength < 0 else { return .severalContentLengths }
            guard let length = Decimal.parse(value) else { return .contentLength }
            facts.contentLength = length
        case .transferEncoding:
            guard !facts.isChunked else { return .encodingNotChunked }
            if let fault = Self.judgeEncoding(value) { return fault }
            facts.isChunked = true
        case .connection:
            Self.noteConnection(value, &facts.saysClose, &facts.saysKeepAlive, &facts.namesFields)
        case .expect:
            expectsContinue = value.equalsIgnoringCase("100-continue")
        default: break
        }
        return nil
    }

    /// `chunked`, last and once (RFC 9112 §6.1); another coding before it is one that nobody here understands.
    static func judgeEncoding(_ value: Bytes) -> HeadFault? {
        if value.equalsIgnoringCase("chunked") { return nil }
        var codings = 0
        var chunked = 0
        var isLastChunked = false
        value.forEachListElement { coding in
            codings += 1
            isLastChunked = coding.equalsIgnoringCase("chunked")
            if isLastChunked { chunked += 1 }
        }
        return isLastChunked && chunked == 1 && codings > 1 ? .unsupportedEncoding : .encodingNotChunked
    }

    static func noteConnection(_ value: Bytes, _ close: inout Bool, _ keepAlive: inout Bool, _ named: inout Bool) {
        if value.equalsIgnoringCase("keep-alive") {
            keepAlive = true
        } else if value.equalsIgnoringCase("close") {
            close = true
        } else {
            named = true
            value.forEachListElement { option in
                if option.equalsIgnoringCase("close") { close = true }
                if option.equalsIgnoringCase("keep-alive") { keepAlive = true }
            }
        }
    }

    private func conclude(_ facts: FramingFacts, _ bytes: UnsafePointer<UInt8>) -> HeadFault? {
        if facts.isChunked {
            // RFC 9112 §6.3: both is how requests are smuggled, and HTTP/1.0 peers would not see the chunks.
            guard facts.contentLength < 0 else { return .lengthAndEncoding }
            guard isHTTP11 else { return .encodingInHTTP10 }
            body = .chunked
        } else if facts.contentLength > 0 {
            body = .exactly(facts.contentLength)
        }
        mayUpgrade = isHTTP11 && facts.namesFields && body == .none
        wantsKeepAlive = isHTTP11 ? !facts.saysClose : facts.saysKeepAlive && !facts.saysClose
        guard hostSlot >= 0 else { return isHTTP11 ? .missingHost : nil }
        let slot = fields.slots[hostSlot]
        let host = Bytes(start: bytes + Int(slot.valueStart), count: Int(slot.valueLength))
        if let authority = target.authority, !authority.equalsIgnoringCase(host) { return .hostMismatch }
        return nil
    }

    private func dropNamedFields() {
        for index in 0..<fields.count where fields.slots[index].kind == .connection {
            fields.dropFields(namedBy: fields.value(index))
        }
    }

    /// Offset of the first field line, and of the blank line that ends the head.
    var fieldsStart: Int { startLineEnd }
    var fieldsEnd: Int { fields.length &- 2 }
}

/// A request line in place of the one that came. Takes both of its parts at once, since either may be its own.
private final class RewrittenLine {
    private let methodText = ByteBuilder(capacity: 24)
    private let targetText = ByteBuilder(capacity: 256)

    var method: Bytes { methodText.bytes }
    var target: Bytes { targetText.bytes }

    func set(method: Bytes, target: Bytes) {
        let (method, target) = (Array(method), Array(target))
        methodText.removeAll()
        methodText.append(method)
        targetText.removeAll()
        targetText.append(target)
    }
}
