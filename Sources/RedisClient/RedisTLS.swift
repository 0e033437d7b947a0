import NIOCore
import NIOSSL

/// How connections are encrypted; made once and shared by all of them.
package struct RedisTLS: Hashable, Sendable {
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

    /// Which of the files can't be used, and why: a sentence for the user.
    package struct Unusable: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    private let context: NIOSSLContext
    private let serverName: String?

    /// - Parameter serverName: the name in the servers' certificates; nil: the host that is connected to.
    package init(
        _ files: Files = Files(), serverName: String? = nil, verification: Verification = .full
    ) throws(Unusable) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification =
            switch verification {
            case .full: .fullVerification
            case .chain: .noHostnameVerification
            case .none: .none
            }
        if let roots = files.roots {
            let certificates = try Self.reading("the CA file") { try NIOSSLCertificate.fromPEMBytes(roots) }
            guard !certificates.isEmpty else { throw Unusable(description: "the CA file holds no certificate in PEM") }
            configuration.trustRoots = .certificates(certificates)
        }
        if let chain = files.certificates, let key = files.key {
            configuration.certificateChain = try Self.reading("the certificate") {
                try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) }
            }
            configuration.privateKey = try Self.reading("the key") {
                .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
            }
        }
        context = try Self.reading("the certificate and its key") { [configuration] in
            try NIOSSLContext(configuration: configuration)
        }
        self.serverName = serverName
    }

    private static func reading<Value>(_ what: String, _ body: () throws -> Value) throws(Unusable) -> Value {
        do {
            return try body()
        } catch {
            throw Unusable(description: "\(what) cannot be used: \(error); expected PEM")
        }
    }

    func handler(for address: RedisAddress) throws -> NIOSSLClientHandler {
        let name = serverName ?? address.host
        // An address is no server name (RFC 6066, 3); the certificate is then checked for the address itself.
        let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
        return try NIOSSLClientHandler(context: context, serverHostname: isAddress ? nil : name)
    }

    package static func == (left: RedisTLS, right: RedisTLS) -> Bool {
        left.context === right.context && left.serverName == right.serverName
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(context))
        hasher.combine(serverName)
    }

    /// The library's reason for a failed handshake, and what to do about it.
    static func reason(of error: any Error) -> String? {
        switch error {
        case NIOSSLError.handshakeFailed(let reason):
            "the TLS handshake failed (\(reason)); check that the port speaks TLS and that state.tls.ca is its CA"
        case NIOSSLError.uncleanShutdown: "the server closed the connection without ending TLS"
        case let error as NIOSSLExtraError:
            "\(error.description); the certificate must be valid for what state.redis or state.tls.server_name names"
        default: nil
        }
    }
}
