import NIOCore
import NIOSSL

/// How connections to a server are encrypted; made once and shared by all of them.
package struct ClientTLS: Hashable, Sendable {
    /// Which certificates of servers are accepted.
    package enum Verification: Hashable, Sendable {
        /// Those that the roots have signed for the name or address that was connected to.
        case full
        /// Those that the roots have signed, for whatever name.
        case chain
        /// All: protects against listeners only, not against who stands between.
        case none
    }

    /// Certificates and keys in PEM.
    package struct Files: Hashable, Sendable {
        /// Nil: the roots that the system trusts.
        package var roots: [UInt8]?
        /// What the server shall know this node by, with the key to it; both or none.
        package var certificates: [UInt8]?
        package var key: [UInt8]?

        package init(roots: [UInt8]? = nil, certificates: [UInt8]? = nil, key: [UInt8]? = nil) {
            self.roots = roots
            self.certificates = certificates
            self.key = key
        }
    }

    /// What was asked for: a context made of the same is as good.
    private struct Terms: Hashable, Sendable {
        var files: Files
        var serverName: String?
        var verification: Verification
        var protocols: [String]
    }

    private let terms: Terms
    private let context: NIOSSLContext

    /// - Parameters:
    ///   - serverName: the name in the servers' certificates; nil: the host that is connected to.
    ///   - protocols: what is offered by ALPN (RFC 7301), in the order of preference.
    /// - Throws: `UnusableTLS` naming the file that can't be used.
    package init(
        _ files: Files = Files(), serverName: String? = nil, verification: Verification = .full,
        protocols: [String] = []
    ) throws(UnusableTLS) {
        terms = Terms(files: files, serverName: serverName, verification: verification, protocols: protocols)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = protocols
        configuration.shutdownTimeout = .milliseconds(200)
        configuration.certificateVerification =
            switch verification {
            case .full: .fullVerification
            case .chain: .noHostnameVerification
            case .none: .none
            }
        if let roots = files.roots {
            configuration.trustRoots = .certificates(try UnusableTLS.certificates(roots, "the CA file"))
        }
        if let chain = files.certificates, let key = files.key {
            configuration.certificateChain = try UnusableTLS.certificates(chain, "the certificate").map {
                .certificate($0)
            }
            configuration.privateKey = try UnusableTLS.reading("the key") {
                .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
        }
        context = try UnusableTLS.reading("the certificate and its key") { [configuration] in
            try NIOSSLContext(configuration: configuration)
        }
    }

    /// The handler for a connection to `host`, a name or an address.
    package func makeHandler(for host: String) throws -> NIOSSLClientHandler {
        let name = terms.serverName ?? host
        // An address is no server name (RFC 6066, 3); the certificate is then checked for the address itself.
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name)
    }

    package static func == (left: ClientTLS, right: ClientTLS) -> Bool { left.terms == right.terms }

    package func hash(into hasher: inout Hasher) { hasher.combine(terms) }
}
