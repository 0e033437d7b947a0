import GatewayCore
import HTTPWire
import Policies

/// Who the client is, on arrival: its address, and the id of its request.
///
/// A direct client is its peer address. Behind trusted proxies the client is the last address of `X-Forwarded-For` that is
/// not itself a trusted proxy; what stands before it was written by whoever wanted to be taken for someone else.
package struct ClientIdentification: Sendable {
    private let trusted: [NetworkRange]

    package init(trusted: [NetworkRange]) { self.trusted = trusted }

    package func isTrusted(_ peer: Peer) -> Bool {
        guard !trusted.isEmpty, let address = IPAddress(peer.address) else { return false }
        return contains(address)
    }

    /// Fills in `clientAddress` and `requestID`.
    package func identify(_ exchange: Exchange, _ generator: inout IdentifierGenerator) {
        let fields = exchange.request.fields
        if exchange.peer.isTrusted {
            if let client = lastUntrusted(in: fields) {
                exchange.clientAddress.append(client)
            } else {
                exchange.clientAddress.append(exchange.peer.address)
            }
            if let id = fields.first(.requestID), Self.isAcceptable(id) { return exchange.requestID.append(id) }
        } else {
            exchange.clientAddress.append(exchange.peer.address)
        }
        generator.append(to: exchange.requestID)
    }

    /// Of all lines in their order, which are one list (RFC 9110 §5.3): a proxy may add a line of its own below what its
    /// client made up.
    private func lastUntrusted(in fields: FieldSection) -> Bytes? {
        var client: Bytes?
        for index in 0..<fields.count where fields.slots[index].kind == .forwardedFor {
            fields.value(index).forEachListElement { element in
                guard let address = IPAddress(text: element) else {
                    client = nil
                    return
                }
                if client == nil || !contains(address) { client = element }
            }
        }
        return client
    }

    private func contains(_ address: IPAddress) -> Bool { trusted.contains { $0.contains(address) } }

    /// Ids end up in logs, headers and JSON, so only harmless characters are let through.
    private static func isAcceptable(_ id: Bytes) -> Bool {
        guard !id.isEmpty, id.count <= 128 else { return false }
        return id.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D...0x2F, 0x3A, 0x3D, 0x5F, 0x7E: true
            default: false
            }
        }
    }
}

/// Ids of requests, traces and spans: random enough to be unique across nodes, cheap enough to cost nothing.
package struct IdentifierGenerator {
    private let high = UInt64.random(in: 1 ... .max)
    private var low = UInt64.random(in: .min ... .max)

    package init() {}

    /// 32 hexadecimal digits: what this process drew at its start, and a step of a full-period sequence.
    package mutating func append(to bytes: ByteBuilder) {
        bytes.append(hex: high)
        bytes.append(hex: next())
    }

    /// A Weyl sequence through a mixer (SplitMix64): never repeats within 2⁶⁴ steps.
    package mutating func next() -> UInt64 {
        low &+= 0x9E37_79B9_7F4A_7C15
        var mixed = low
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
