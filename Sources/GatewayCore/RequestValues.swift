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
            if let segment = PathText.segment(place, of: request.path) { body(segment, .percent) }
        case .rest(let index):
            let place = index &+ exchange.leadingSegments
            if let rest = PathText.rest(from: place, of: request.path) { body(rest, .percent) }
        case .claim(let name): withText(claim(name)) { body($0, .plain) }
        case .header(var name): if let value = name.withUTF8({ request.fields.first($0) }) { body(value, .plain) }
        case .query(var name):
            if let value = name.withUTF8({ QueryText.value(of: $0, in: request.query) }) { body(value, .form) }
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
