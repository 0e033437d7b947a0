import GatewayCore
import HTTPWire
import JSON
import Policies

/// What of a request names its stored response, besides what the response's `Vary` names.
package struct CacheKeyRules: Hashable, Sendable {
    package enum Query: Hashable, Sendable {
        case all, none
        /// Only parameters of these names; a name that ends in `*` stands for all that begin so.
        case keep([String])
        case ignore([String])
    }

    package var query = Query.all
    /// Parameters are put in the order of their bytes, for origins to which their order means nothing.
    package var sortsQuery = false
    /// Request fields by lower-case name.
    package var headers: [String] = []
    /// Claims of the caller, by which each identity gets entries of its own.
    package var claims: [ClaimPath] = []
    /// Set for a route with conditions beyond the URL: what it serves may differ from what the URL serves elsewhere.
    package var route: String?
    /// What tells the answers to one URL apart that does not stand in the request: the arm of a split, a version. Empty if
    /// there is nothing of the kind.
    package var variation = ""
    /// All variations of the route, this one included: what changes the resource behind a URL changes all of them.
    package var variations: [String] = []
    /// What else the origin is sent by templates, or what is put into its responses: callers who differ in it must not share
    /// an entry, nor do they need one each (unlike `claims`).
    package var references: [RequestReference] = []

    package init() {}

    /// Entries belong to an identity, so that what an `Authorization` field selects can't reach anybody else.
    package var isPerIdentity: Bool { !claims.isEmpty }
}

/// Writes primary keys: the URL as it was asked for, then `|name=value` for whatever else the rules name.
///
/// Two requests share a key only if they agree in all of it: what could end a part, or a Redis hash tag, is escaped as
/// `%(7C)`, which no valid escape looks like.
struct CacheKeyWriter {
    private let rules: CacheKeyRules
    private let variation: String
    private let headers: [[UInt8]]
    private let names: [String]
    private static let nobody = ShapingNames(node: "", route: "")

    init(_ rules: CacheKeyRules) { self.init(rules, variation: rules.variation) }

    /// For each of the route's variations.
    static func all(_ rules: CacheKeyRules) -> [CacheKeyWriter] {
        let variations = rules.variations.isEmpty ? [rules.variation] : rules.variations
        return variations.map { CacheKeyWriter(rules, variation: $0) }
    }

    private init(_ rules: CacheKeyRules, variation: String) {
        self.rules = rules
        self.variation = variation
        headers = rules.headers.map { Array($0.utf8) }
        names = rules.references.map { "\($0)" }
    }

    /// Appends the key of the exchange's request.
    func write(_ exchange: Exchange, to key: ByteBuilder) {
        write(exchange, path: exchange.request.path, query: exchange.request.query, to: key)
    }

    /// Appends the key that the request would have for another target on the same origin.
    func write(_ exchange: Exchange, target: Bytes, to key: ByteBuilder) {
        let mark = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        let query = mark < target.count ? target.slice(mark + 1, target.count - mark - 1) : target.slice(mark, 0)
        write(exchange, path: target.slice(0, mark), query: query, to: key)
    }

    private func write(_ exchange: Exchange, path: Bytes, query: Bytes, to key: ByteBuilder) {
        let request = exchange.request
        appendOrigin(exchange, to: key)
        Self.append(path, to: key)
        appendQuery(query, to: key)
        for (index, name) in headers.enumerated() {
            let value = name.withUnsafeBufferPointer { request.fields.first($0) }
            appendPart("h.", rules.headers[index], value, to: key)
        }
        for claim in rules.claims {
            var value = exchange.identity?.claimText(claim)
            appendPart("c.", claim.text, nil, to: key)
            if value != nil { value?.withUTF8 { appendValue($0, to: key) } }
        }
        if !names.isEmpty { appendReferences(exchange, to: key) }
        if let route = rules.route { appendPart("route=", route, nil, to: key) }
        if !variation.isEmpty { appendPart("", variation, nil, to: key) }
        // Told to the upstream, and so it may change what it answers.
        if exchange.peer.isTrusted, let host = request.fields.first(.forwardedHost) {
            appendPart("h.", "x-forwarded-host", host, to: key)
        }
    }

    private func appendReferences(_ exchange: Exchange, to key: ByteBuilder) {
        let values = RequestValues(exchange, Self.nobody)
        for (index, reference) in rules.references.enumerated() {
            appendPart("t.", names[index], nil, to: key)
            values.withValue(of: reference) { value, _ in appendValue(value, to: key) }
        }
    }

    private func appendOrigin(_ exchange: Exchange, to key: ByteBuilder) {
        Self.append(Self.scheme(of: exchange), to: key)
        key.append("://")
        appendLowered(exchange.request.host, to: key)
    }

    /// As the upstream is told, since it may answer one of them with a redirection to the other.
    static func scheme(of exchange: Exchange) -> Bytes {
        if exchange.peer.isTrusted, let told = exchange.request.fields.first(.forwardedProto) { return told }
        let scheme = exchange.peer.scheme
        return Bytes(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount)
    }

    private func appendPart(_ kind: StaticString, _ name: String, _ value: Bytes?, to key: ByteBuilder) {
        key.append("|")
        key.append(kind)
        var name = name
        name.withUTF8 { Self.append($0, to: key) }
        if let value { appendValue(value, to: key) }
    }

    /// An empty value is not the same as none.
    private func appendValue(_ value: Bytes, to key: ByteBuilder) {
        key.append("=")
        Self.append(value, to: key)
    }

    // MARK: The query

    private func appendQuery(_ query: Bytes, to key: ByteBuilder) {
        guard !query.isEmpty, rules.query != .none else { return }
        if case .all = rules.query, !rules.sortsQuery {
            key.append("?")
            return Self.append(query, to: key)
        }
        var parameters = parts(of: query).filter(counts)
        if rules.sortsQuery { parameters.sort { $0.lexicographicallyPrecedes($1) } }
        for (index, parameter) in parameters.enumerated() {
            key.append(index == 0 ? "?" : "&")
            Self.append(parameter, to: key)
        }
    }

    private func parts(of query: Bytes) -> [Bytes] {
        var parts: [Bytes] = []
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            if index > start { parts.append(query.slice(start, index - start)) }
            start = index + 1
        }
        return parts
    }

    private func counts(_ parameter: Bytes) -> Bool {
        let name = parameter.prefix { $0 != UInt8(ascii: "=") }
        switch rules.query {
        case .all: return true
        case .none: return false
        case .keep(let names): return names.contains { Self.matches(name, $0) }
        case .ignore(let names): return !names.contains { Self.matches(name, $0) }
        }
    }

    private static func matches(_ name: Slice<Bytes>, _ pattern: String) -> Bool {
        pattern.hasSuffix("*") ? name.starts(with: pattern.utf8.dropLast()) : name.elementsEqual(pattern.utf8)
    }

    // MARK: Escaping

    static func append(_ bytes: Bytes, to key: ByteBuilder) {
        var start = 0
        for index in 0..<bytes.count where mustEscape(bytes, at: index) {
            key.append(bytes.slice(start, index - start))
            appendEscaped(bytes[index], to: key)
            start = index + 1
        }
        key.append(bytes.slice(start, bytes.count - start))
    }

    /// Hosts compare without case (RFC 9110 §4.2.3).
    private func appendLowered(_ bytes: Bytes, to key: ByteBuilder) {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if Self.mustEscape(bytes, at: index) {
                Self.appendEscaped(byte, to: key)
            } else {
                key.append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
            }
        }
    }

    private static func mustEscape(_ bytes: Bytes, at index: Int) -> Bool {
        switch bytes[index] {
        case 0x21...0x7A where bytes[index] != UInt8(ascii: "%"), UInt8(ascii: "~"): return false
        case UInt8(ascii: "%"):
            return !(index + 2 < bytes.count && isHexadecimal(bytes[index + 1]) && isHexadecimal(bytes[index + 2]))
        default: return true
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 6
    }

    private static func appendEscaped(_ byte: UInt8, to key: ByteBuilder) {
        func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x37 }
        key.append("%(")
        key.append(digit(byte >> 4))
        key.append(digit(byte & 15))
        key.append(")")
    }
}
