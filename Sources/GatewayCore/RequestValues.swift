import HTTPWire
import JSON
import Policies

/// The values that a route's templates refer to, of one exchange.
package struct RequestValues: TemplateValues {
    private let exchange: Exchange
    private let names: ShapingNames

    package init(_ exchange: Exchange, _ names: ShapingNames) {
        self.exchange = exchange
        self.names = names
    }

    package func withValue(of reference: RequestReference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void) {
        let request = exchange.request
        switch reference {
        case .segment(let index):
            let place = index &+ exchange.leadingSegments
            if let segment = Self.segment(place, of: request.path) { body(segment, .percent) }
        case .rest(let index):
            let place = index &+ exchange.leadingSegments
            if let rest = Self.rest(from: place, of: request.path) { body(rest, .percent) }
        case .claim(let name): withText(claim(name)) { body($0, .plain) }
        case .header(var name): if let value = name.withUTF8({ request.fields.first($0) }) { body(value, .plain) }
        case .query(var name):
            if let value = name.withUTF8({ Self.query(request.query, $0) }) { body(value, .form) }
        case .cookie(var name):
            if let value = name.withUTF8({ Self.cookie(request.fields, $0) }) { body(value, .plain) }
        case .consumerID: withText(exchange.identity?.consumer) { body($0, .plain) }
        case .consumerPlan: withText(exchange.identity?.plan) { body($0, .plain) }
        case .node: names.node.withUnsafeBufferPointer { body($0, .plain) }
        case .route: names.route.withUnsafeBufferPointer { body($0, .plain) }
        case .requestID: body(exchange.requestID.bytes, .plain)
        case .clientAddress: body(exchange.clientAddress.bytes, .plain)
        case .method: body(request.method, .plain)
        case .path: body(request.path, .percent)
        case .host: body(request.host, .plain)
        case .scheme:
            let scheme = exchange.peer.scheme
            body(Bytes(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount), .plain)
        }
    }

    private func claim(_ name: String) -> String? {
        guard let identity = exchange.identity else { return nil }
        return identity.claims[name]?.scalarText ?? identity.claimText(ClaimPath(name))
    }

    private func withText(_ text: String?, _ body: (Bytes) -> Void) {
        guard var text else { return }
        text.withUTF8(body)
    }

    /// A segment of a path, counted from 0; nil if the path has no such, or an empty one.
    static func segment(_ wanted: Int, of path: Bytes) -> Bytes? {
        guard let start = start(of: wanted, in: path) else { return nil }
        var end = start
        while end < path.count, path[end] != UInt8(ascii: "/") { end &+= 1 }
        return end > start ? path.slice(start, end &- start) : nil
    }

    /// All of a path from a segment on; nil if the path ends before it.
    static func rest(from wanted: Int, of path: Bytes) -> Bytes? {
        start(of: wanted, in: path).map { path.slice($0, path.count &- $0) }
    }

    private static func start(of wanted: Int, in path: Bytes) -> Int? {
        var slashes = 0
        for index in 0..<path.count where path[index] == UInt8(ascii: "/") {
            if slashes == wanted { return index &+ 1 }
            slashes &+= 1
        }
        return nil
    }

    /// The first parameter of this name, whose own spelling may be encoded.
    private static func query(_ query: Bytes, _ name: Bytes) -> Bytes? {
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            let pair = query.slice(start, index &- start)
            start = index &+ 1
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            guard QueryText.isName(pair.slice(0, equals), name) else { continue }
            return equals < pair.count ? pair.slice(equals &+ 1, pair.count &- equals &- 1) : pair.slice(equals, 0)
        }
        return nil
    }

    private static func cookie(_ fields: FieldSection, _ name: Bytes) -> Bytes? {
        for index in 0..<fields.count where fields.slots[index].kind == .cookie {
            if let value = CookieText.value(of: name, in: fields.value(index)) { return value }
        }
        return nil
    }
}

/// What templates can say of where they are rendered.
package final class ShapingNames: Sendable {
    package let node: [UInt8]
    package let route: [UInt8]

    package init(node: String, route: String) {
        self.node = Array(node.utf8)
        self.route = Array(route.utf8)
    }
}

/// Parameters of a query (`a=1&b=2`) by their names.
package enum QueryText {
    /// Whether the encoded name is this one.
    package static func isName(_ encoded: Bytes, _ name: Bytes) -> Bool {
        if encoded.count == name.count { return encoded.elementsEqual(name) }
        guard encoded.count > name.count, encoded.contains(UInt8(ascii: "%")) else { return false }
        var decoded: [UInt8] = []
        PercentText.appendDecoded(encoded, to: &decoded, plusIsSpace: true)
        return decoded.elementsEqual(name)
    }
}

/// The pairs of a `Cookie` field (RFC 6265 §4.2.1).
package enum CookieText {
    package static func value(of name: Bytes, in field: Bytes) -> Bytes? {
        var found: Bytes?
        forEachPair(of: field) { pair, key in
            if found == nil, key.elementsEqual(name) {
                found = key.count < pair.count ? pair.slice(key.count &+ 1, pair.count &- key.count &- 1) : nil
            }
        }
        return found
    }

    /// Calls `body` with each pair and its name.
    package static func forEachPair(of field: Bytes, _ body: (_ pair: Bytes, _ name: Bytes) -> Void) {
        var start = 0
        for index in 0...field.count where index == field.count || field[index] == UInt8(ascii: ";") {
            let pair = field.slice(start, index &- start).trimmed
            start = index &+ 1
            guard !pair.isEmpty else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
            body(pair, pair.slice(0, equals).trimmed)
        }
    }
}
