import GatewayCore
import HTTPWire

/// Tells the upstream who is calling, in fields that nobody but the gateway can set: the client's own lines of these names
/// are taken out of every request of the route, also of callers who are nobody.
package final class IdentityHeadersFilter: RequestFilter {
    package struct Field: Sendable {
        let name: String
        let value: IdentityTemplate

        package init(name: String, value: IdentityTemplate) {
            self.name = name
            self.value = value
        }
    }

    package let phase = Phase.transformRequest
    private let fields: [Field]
    private let names: [[UInt8]]
    /// What the latest caller's lines are: requests of one connection mostly follow each other.
    private var known: (identity: Identity, lines: [UInt8]?)?
    /// Of one field.
    static let mostBytes = 8192

    package init(_ fields: [Field]) {
        self.fields = fields
        names = fields.map { Self.folded($0.name.utf8) }
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        dropClientsOwn(exchange.request.fields)
        guard let identity = exchange.identity else { return .proceed }
        if known?.identity !== identity { known = (identity, lines(identity)) }
        guard let lines = known?.lines else { return .reply(Self.unspeakable) }
        exchange.requestLines.append(lines)
        return .proceed
    }

    /// `X_User` too: CGI, WSGI and their like make the same variable of both.
    private func dropClientsOwn(_ fields: FieldSection) {
        for index in 0..<fields.count {
            let name = fields.name(index)
            let isOurs = names.contains { known in
                known.count == name.count && zip(known, name).allSatisfy { $0 == Self.folded($1) }
            }
            if isOurs { fields.slots[index].isDropped = true }
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
        case UInt8(ascii: "_"), UInt8(ascii: "."): UInt8(ascii: "-")
        default: byte
        }
    }

    private static func folded(_ name: some Sequence<UInt8>) -> [UInt8] { name.map { folded($0) } }

    /// Without the fields for which the caller lacks something. Nil: a value can't stand in a field, and what an upstream
    /// would make of a caller without it nobody knows.
    private func lines(_ identity: Identity) -> [UInt8]? {
        var lines: [UInt8] = []
        for field in fields {
            guard let value = field.value.value(identity), !value.isEmpty else { continue }
            let isSpeakable = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            guard isSpeakable, value.utf8.count <= Self.mostBytes, value.first != " ", value.last != " " else {
                return nil
            }
            lines += "\(field.name): \(value)\r\n".utf8
        }
        return lines
    }

    private static let unspeakable = Reply(
        status: 403, kind: "identity-not-passable", title: "Forbidden",
        detail: "The caller's credential says something of it that can't be passed on in a header field.")
}
