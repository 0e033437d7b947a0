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
            guard let key = isInHeader ? exchange.request.fields.first(name) : exchange.request.queryValue(name) else {
                return .absent
            }
            guard let index = consumers.keys.consumer(ofKey: UnsafeRawBufferPointer(key), using: hasher) else {
                return .rejected(unknown)
            }
            return .accepted(consumers.identities[index])
        }
    }
}
