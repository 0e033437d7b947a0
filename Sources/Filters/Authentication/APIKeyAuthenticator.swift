import Credentials
import GatewayCore
import HTTPWire

/// An API key in a header or a query parameter. Only its SHA-256 is configured.
package final class APIKeyAuthenticator: Authenticator {
    package enum Source: Sendable {
        /// Lower case.
        case header(String)
        case query(String)
    }

    package let challenge: String
    private let name: [UInt8]
    private let isInHeader: Bool
    private let consumers: ConsumerDirectory
    private let hasher: SHA256Hasher
    private let unknown: Reply
    /// A percent-encoded key, decoded.
    private let decoded = ByteBuilder(capacity: 128)

    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(source: Source, consumers: ConsumerDirectory) throws {
        switch source {
        case .header(let header):
            name = Array(header.lowercased().utf8)
            isInHeader = true
            challenge = "ApiKey realm=\"sluice\", header=\"\(header)\""
        case .query(let parameter):
            name = Array(parameter.utf8)
            isInHeader = false
            challenge = "ApiKey realm=\"sluice\", query=\"\(parameter)\""
        }
        self.consumers = consumers
        hasher = try SHA256Hasher()
        unknown = .unauthorized("The API key is not known.", challenges: [challenge])
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        name.withUnsafeBufferPointer { name in
            guard let key = isInHeader ? exchange.request.fields.first(name) : queryValue(name, of: exchange.request)
            else { return .absent }
            guard let index = consumers.keys.consumer(ofKey: UnsafeRawBufferPointer(key), using: hasher) else {
                return .rejected(unknown)
            }
            return .accepted(consumers.identities[index])
        }
    }

    /// Decoded (RFC 3986 §2.1): clients must encode what a query may not hold, and may encode anything.
    private func queryValue(_ name: Bytes, of request: RequestHead) -> Bytes? {
        guard let value = request.queryValue(name), value.contains(0x25) else { return request.queryValue(name) }
        decoded.removeAll()
        var index = 0
        while index < value.count {
            if value[index] == 0x25, index + 2 < value.count, let high = Self.nibble(value[index + 1]),
                let low = Self.nibble(value[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(value[index])
                index += 1
            }
        }
        return decoded.bytes
    }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }
}
