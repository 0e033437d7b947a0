import GatewayCore
import HTTPWire
import Policies

/// What a signature of a request is over (RFC 9421 §2): a line for each covered component, then the parameters.
struct SignatureBase {
    /// As the client knows the request: behind a trusted proxy, what that one says.
    let scheme: Bytes
    let authority: Bytes
    private let request: RequestHead

    init(_ exchange: Exchange) {
        request = exchange.request
        let fields = exchange.request.fields
        let peer = exchange.peer
        let own = Bytes(start: peer.scheme.utf8Start, count: peer.scheme.utf8CodeUnitCount)
        scheme = peer.isTrusted ? fields.first(.forwardedProto) ?? own : own
        authority = peer.isTrusted ? fields.first(.forwardedHost) ?? request.host : request.host
    }

    /// Nil: a component is covered that the request does not have, or that is not understood.
    func bytes(_ components: [StructuredField.Item], _ parameters: [StructuredField.Parameter]) -> [UInt8]? {
        var base: [UInt8] = []
        var seen: Set<StructuredField.Item> = []
        for component in components {
            guard case .string(let name) = component.value, seen.insert(component).inserted,
                let value = value(name, component.parameters)
            else { return nil }
            base += StructuredField.write(component).utf8
            base += ": ".utf8
            base += value
            base.append(0x0A)
        }
        base += "\"@signature-params\": \(StructuredField.write(components, parameters))".utf8
        return base
    }

    private func value(_ name: String, _ parameters: [StructuredField.Parameter]) -> [UInt8]? {
        if name == "@query-param" {
            guard parameters.count == 1, case .string(let parameter)? = parameters["name"] else { return nil }
            return QueryComponent.value(of: Array(parameter.utf8), in: query ?? Bytes(start: nil, count: 0))
        }
        // `sf`, `key`, `bs`, `req` and `tr` are for messages that change on their way, or for responses.
        guard parameters.isEmpty else { return nil }
        switch name {
        case "@method": return Array(request.method)
        case "@scheme": return lowered(scheme)
        case "@authority": return normalisedAuthority
        case "@request-target": return Array(target)
        case "@target-uri":
            return lowered(scheme) + "://".utf8 + normalisedAuthority
                + (isAbsolute ? path + querySuffix : Array(target))
        case "@path": return path
        case "@query": return [UInt8(ascii: "?")] + Array(query ?? Bytes(start: nil, count: 0))
        case _ where name.hasPrefix("@"): return nil
        default: return field(name)
        }
    }

    /// As it came: what the path is normalised to for the upstream follows from it.
    private var target: Bytes {
        let bytes = request.fields.bytes
        let start = request.method.count + 1
        var end = start
        while end < bytes.count, bytes[end] != 0x20 { end += 1 }
        return bytes.slice(start, end - start)
    }

    private var isAbsolute: Bool { target.first != UInt8(ascii: "/") }

    /// Path and query of the target; of one in absolute form, what follows its authority.
    private var local: Bytes {
        guard isAbsolute, let colon = target.firstIndex(of: UInt8(ascii: ":")) else { return target }
        var start = min(colon + 3, target.count)
        while start < target.count, target[start] != UInt8(ascii: "/"), target[start] != UInt8(ascii: "?") {
            start += 1
        }
        return target.slice(start, target.count - start)
    }

    private var path: [UInt8] {
        let path = local.prefix { $0 != UInt8(ascii: "?") }
        return path.isEmpty ? [UInt8(ascii: "/")] : Array(path)
    }

    private var query: Bytes? {
        let local = self.local
        guard let mark = local.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        return local.slice(mark + 1, local.count - mark - 1)
    }

    var hasQuery: Bool { query != nil }

    private var querySuffix: [UInt8] { query.map { [UInt8(ascii: "?")] + Array($0) } ?? [] }

    /// RFC 9421 §2.2.3: lower case, without the scheme's own port.
    private var normalisedAuthority: [UInt8] {
        let authority = lowered(authority)
        let port = scheme.equalsIgnoringCase("https") ? Array(":443".utf8) : Array(":80".utf8)
        return authority.count > port.count && authority.suffix(port.count) == port[...]
            ? Array(authority.dropLast(port.count)) : authority
    }

    private func lowered(_ bytes: Bytes) -> [UInt8] { bytes.map { $0 &- 0x41 < 26 ? $0 | 0x20 : $0 } }

    /// RFC 9421 §2.1: all lines of the field, trimmed, as one list. Nil: there is none, or its name is not in lower case.
    private func field(_ name: String) -> [UInt8]? {
        let wanted = Array(name.utf8)
        var value: [UInt8]?
        let fields = request.fields
        for index in 0..<fields.count {
            let isIt = wanted.withUnsafeBufferPointer { wanted in
                fields.name(index).equalsIgnoringCase(wanted) && !wanted.contains { $0 &- 0x41 < 26 }
            }
            guard isIt else { continue }
            value = value.map { $0 + ", ".utf8 + Array(fields.value(index)) } ?? Array(fields.value(index))
        }
        return value
    }
}

/// `@query-param` (RFC 9421 §2.2.8): a parameter as forms have it, decoded and encoded again in one way.
enum QueryComponent {
    /// Nil: it is not there, or more than once, and then which one is meant could be read in two ways.
    static func value(of name: [UInt8], in query: Bytes) -> [UInt8]? {
        var found: [UInt8]?
        for pair in query.split(separator: UInt8(ascii: "&"), omittingEmptySubsequences: true) {
            let mark = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard encoded(decoded(pair[..<mark])) == encoded(decoded(name[...])) else { continue }
            guard found == nil else { return nil }
            found = encoded(decoded(mark < pair.endIndex ? pair[(mark + 1)...] : pair[pair.endIndex...]))
        }
        return found
    }

    private static func decoded(_ text: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        Array(text).withUnsafeBufferPointer { PercentText.appendDecoded($0, to: &bytes, plusIsSpace: true) }
        return bytes
    }

    /// The escapes of `application/x-www-form-urlencoded`, but for blanks, which are `%20`.
    private static func encoded(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in bytes { text += byte == UInt8(ascii: "*") ? [byte] : FormEscapes.encoded([byte]) }
        return text
    }
}
