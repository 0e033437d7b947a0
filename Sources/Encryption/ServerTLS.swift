import NIOCore
import NIOSSL

/// How a listener encrypts. One context serves all its connections, so that a session resumes on any worker of the node.
package final class ServerTLS: Sendable {
    /// A certificate with those that lead to its root, and its key, both in PEM.
    package struct Certificate: Sendable {
        package var chain: [UInt8]
        package var key: [UInt8]
        /// The host names it is shown for; `*.example.com` stands for one label more.
        package var names: [String]

        package init(chain: [UInt8], key: [UInt8], names: [String]) {
            self.chain = chain
            self.key = key
            self.names = names
        }
    }

    /// Whether clients show certificates of their own.
    package enum ClientAuthentication: Hashable, Sendable { case none, optional, required }

    package struct Settings: Sendable {
        /// At least one; the first is shown to clients that name no host, or one that no certificate is for.
        package var certificates: [Certificate]
        /// Who has to have signed the certificates of clients, in PEM.
        package var clientRoots: [UInt8]?
        package var clientAuthentication = ClientAuthentication.none
        package var allowsTLS12 = true
        /// In the order of preference (RFC 7301).
        package var protocols = ["h2", "http/1.1"]
        package var handshakeTimeoutMicroseconds = 10_000_000

        package init(certificates: [Certificate]) { self.certificates = certificates }
    }

    package let handshakeTimeoutMicroseconds: Int
    private let context: NIOSSLContext

    /// - Throws: `UnusableTLS` naming the file that can't be used.
    package init(_ settings: Settings) throws(UnusableTLS) {
        handshakeTimeoutMicroseconds = settings.handshakeTimeoutMicroseconds
        let choices = try settings.certificates.map { certificate throws(UnusableTLS) in
            CertificateChoice(names: certificate.names, override: try Self.override(certificate))
        }
        guard let first = choices.first, let chain = first.override.certificateChain,
            let key = first.override.privateKey
        else { throw UnusableTLS("a listener needs a certificate") }
        var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
        configuration.minimumTLSVersion = settings.allowsTLS12 ? .tlsv12 : .tlsv13
        configuration.applicationProtocols = settings.protocols
        configuration.shutdownTimeout = .milliseconds(200)
        switch settings.clientAuthentication {
        case .none: break
        case .optional: configuration.certificateVerification = .optionalVerification
        case .required: configuration.certificateVerification = .noHostnameVerification
        }
        if settings.clientAuthentication != .none {
            configuration.trustRoots = .certificates(
                try UnusableTLS.certificates(settings.clientRoots ?? [], "client_ca"))
            configuration.sendCANameList = true
        }
        if choices.count > 1 {
            configuration.sslContextCallback = { hello, promise in
                promise.succeed(CertificateChoice.override(among: choices, for: hello.serverHostname))
            }
        }
        context = try UnusableTLS.reading("the certificate and its key") { [configuration] in
            try NIOSSLContext(configuration: configuration)
        }
    }

    /// The handler that stands next to the socket.
    package func makeHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: context) }

    private static func override(_ certificate: Certificate) throws(UnusableTLS) -> NIOSSLContextConfigurationOverride {
        var override = NIOSSLContextConfigurationOverride()
        override.certificateChain = try UnusableTLS.certificates(certificate.chain, "the certificate").map {
            .certificate($0)
        }
        override.privateKey = try UnusableTLS.reading("the key") {
            .privateKey(try NIOSSLPrivateKey(bytes: certificate.key, format: .pem))
        }
        return override
    }
}

/// One of a listener's certificates, and the names that it is for.
private struct CertificateChoice: Sendable {
    let names: [String]
    let override: NIOSSLContextConfigurationOverride

    /// A name in full goes before a wildcard, which stands for exactly the leftmost label (RFC 6125 §6.4.3).
    static func override(among choices: [CertificateChoice], for host: String?) -> NIOSSLContextConfigurationOverride {
        guard let host = host?.lowercased(), host.utf8.count <= 255 else { return .noChanges }
        if let exact = choices.first(where: { $0.names.contains(host) }) { return exact.override }
        guard let dot = host.firstIndex(of: ".") else { return .noChanges }
        let wildcard = "*" + host[dot...]
        return choices.first { $0.names.contains(wildcard) }?.override ?? .noChanges
    }
}
