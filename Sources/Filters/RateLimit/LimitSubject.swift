import GatewayCore
import HTTPWire
import JSON

/// Whose tokens a request takes.
package enum LimitSubject: Hashable, Sendable {
    /// The authenticated consumer; for anonymous requests the client's address.
    case consumer
    /// All requests of the route together.
    case route
    case address
    /// A header's first value; the name in lower case.
    case header([UInt8])
    /// Where it is neither text, number nor boolean: its JSON.
    case claim(ClaimPath)

    /// Requests that lack the value share one bucket under this name, so that leaving a header out dodges nothing.
    static let none: StaticString = "(none)"

    func withBytes(of exchange: Exchange, _ body: (Bytes) -> Void) {
        switch self {
        case .consumer:
            guard var consumer = exchange.identity?.consumer else {
                return Self.prefixed("ip:", exchange.clientAddress.bytes, body)
            }
            consumer.withUTF8 { id in
                if Self.needsPrefix(id) { Self.prefixed("id:", id, body) } else { body(id) }
            }
        case .route: Self.constant("all", body)
        case .address: body(exchange.clientAddress.bytes)
        case .header(let name):
            guard let value = name.withUnsafeBufferPointer({ exchange.request.fields.first($0) }), !value.isEmpty else {
                return Self.constant(Self.none, body)
            }
            body(value)
        case .claim(let path):
            guard var value = exchange.identity?.claimText(path) else { return Self.constant(Self.none, body) }
            value.withUTF8(body)
        }
    }

    /// No consumer's id may be mistaken for an address, so those that could be are marked as ids; and so are those that
    /// look marked.
    private static func needsPrefix(_ id: Bytes) -> Bool {
        id.count >= 3 && id[0] == UInt8(ascii: "i") && id[2] == UInt8(ascii: ":")
            && (id[1] == UInt8(ascii: "p") || id[1] == UInt8(ascii: "d"))
    }

    private static func prefixed(_ prefix: StaticString, _ bytes: Bytes, _ body: (Bytes) -> Void) {
        let subject = ByteBuilder(capacity: 64)
        subject.append(prefix)
        subject.append(bytes)
        body(subject.bytes)
    }

    private static func constant(_ text: StaticString, _ body: (Bytes) -> Void) {
        body(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
