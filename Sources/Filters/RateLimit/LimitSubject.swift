import GatewayCore
import HTTPWire

/// Whose tokens a request takes.
package enum LimitSubject: Hashable, Sendable {
    /// The authenticated consumer; for anonymous requests the client's address.
    case consumer
    /// All requests of the route together.
    case route
    case address
    /// A header's first value; the name in lower case.
    case header([UInt8])
    case claim(String)

    /// Requests that lack the value share one bucket under this name, so that leaving a header out dodges nothing.
    static let none: StaticString = "(none)"

    func withBytes(of exchange: Exchange, _ body: (Bytes) -> Void) {
        switch self {
        case .consumer:
            guard var consumer = exchange.identity?.consumer else { return Self.anonymous(exchange, body) }
            consumer.withUTF8(body)
        case .route: Self.constant("all", body)
        case .address: body(exchange.clientAddress.bytes)
        case .header(let name):
            guard let value = name.withUnsafeBufferPointer({ exchange.request.fields.first($0) }), !value.isEmpty else {
                return Self.constant(Self.none, body)
            }
            body(value)
        case .claim(let name):
            guard var value = exchange.identity?.claims[name] else { return Self.constant(Self.none, body) }
            value.withUTF8(body)
        }
    }

    /// Prefixed, so that no consumer's id can be mistaken for an address.
    private static func anonymous(_ exchange: Exchange, _ body: (Bytes) -> Void) {
        let subject = ByteBuilder(capacity: 64)
        subject.append("ip:")
        subject.append(exchange.clientAddress.bytes)
        body(subject.bytes)
    }

    private static func constant(_ text: StaticString, _ body: (Bytes) -> Void) {
        body(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
