import GatewayCore
import JSON

/// A client certificate that the listener's CA has signed (mutual TLS): the handshake has proved it already.
package final class CertificateAuthenticator: Authenticator {
    /// What of the certificate is the consumer's id.
    package enum Source: Sendable {
        case commonName
        /// The whole subject, in the form of RFC 4514.
        case subject
        /// The first alternative name.
        case name
    }

    /// TLS has no challenge in HTTP's terms.
    package let challenge = ""
    private let source: Source
    private let consumers: ConsumerDirectory
    /// The latest: requests of one connection mostly follow each other.
    private var known: (certificate: PeerCertificate, identity: Identity)?
    private let nameless = Reply.unauthorized("The client certificate does not say whose it is.", challenges: [])

    package init(source: Source, consumers: ConsumerDirectory) {
        self.source = source
        self.consumers = consumers
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        guard let certificate = exchange.peer.certificate else { return .absent }
        if let known, known.certificate === certificate { return .accepted(known.identity) }
        guard let id = id(certificate), !id.isEmpty else { return .rejected(nameless) }
        let identity = consumers.identity(of: id, claims: Self.claims(certificate))
        known = (certificate, identity)
        return .accepted(identity)
    }

    private static func claims(_ certificate: PeerCertificate) -> JSONObject {
        let names = JSONValue.array(certificate.names.map { .string($0) })
        return JSONObject([.init("subject", .string(certificate.subject)), .init("names", names)]) ?? JSONObject()
    }

    private func id(_ certificate: PeerCertificate) -> String? {
        switch source {
        case .commonName: certificate.commonName
        case .subject: certificate.subject
        case .name: certificate.names.first
        }
    }
}
