import Configuration
import Credentials
import Encryption
import GatewayCore
import Policies
import Transport

/// What a configuration says about TLS, made ready for use.
extension Snapshot {
    /// By listening address. Settings that have not changed keep their context, and with it the sessions of clients.
    static func listenerTLS(
        of configuration: GatewayConfiguration, previous: Snapshot?
    ) throws(SnapshotFailure) -> [BindAddress: ServerTLS] {
        var made: [BindAddress: ServerTLS] = [:]
        for (index, listener) in configuration.listeners.enumerated() {
            guard let settings = listener.tls else { continue }
            if let known = previous?.configuration.listeners.first(where: { $0 == listener }) {
                made[listener.bind] = previous?.listenerTLS[known.bind]
            } else {
                made[listener.bind] = try ServerTLS(settings, at: "listeners[\(index)].tls")
            }
        }
        return made
    }

    /// By listening address; only those that take the PROXY protocol.
    var balancers: [BindAddress: [NetworkRange]] {
        var made: [BindAddress: [NetworkRange]] = [:]
        for listener in configuration.listeners where listener.takesProxyProtocol {
            made[listener.bind] = configuration.trustedProxies
        }
        return made
    }

    /// By upstream; only those with a target that asks for it.
    /// - Parameter isHTTP2: for the targets that speak HTTP/2, which a server has to be asked for (RFC 9113 §3.2).
    static func upstreamTLS(
        of configuration: GatewayConfiguration, isHTTP2: Bool
    ) throws(SnapshotFailure) -> [String: ClientTLS] {
        var made: [String: ClientTLS] = [:]
        for (name, upstream) in configuration.upstreams {
            let spoken = upstream.targets.filter(\.isSecure).map(\.speaks)
            let isNegotiated = spoken.contains(.negotiated)
            guard isNegotiated || spoken.contains(where: { ($0 == .http2) == isHTTP2 }) else { continue }
            let http2 = isNegotiated ? ["h2", "http/1.1"] : ["h2"]
            made[name] = try ClientTLS(
                upstream.tls, at: "upstreams.\(name).tls", protocols: isHTTP2 ? http2 : ["http/1.1"])
        }
        return made
    }
}

extension ServerTLS {
    fileprivate convenience init(_ settings: ListenerTLSSettings, at place: String) throws(SnapshotFailure) {
        var certificates: [Certificate] = []
        for (index, certificate) in settings.certificates.enumerated() {
            do throws(CredentialError) {
                let names = try CertificateFacts(pem: certificate.chain).hostNames
                certificates.append(
                    Certificate(
                        chain: certificate.chain, key: certificate.key.bytes,
                        names: certificate.hosts.isEmpty ? names : certificate.hosts))
            } catch {
                throw SnapshotFailure(place: "\(place).certificates[\(index)]", reason: "\(error)")
            }
        }
        var terms = Settings(certificates: certificates)
        terms.clientRoots = settings.clientCA
        terms.clientAuthentication =
            switch settings.clientAuthentication {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        terms.allowsTLS12 = settings.allowsTLS12
        terms.protocols = settings.protocols
        terms.handshakeTimeoutMicroseconds = settings.handshakeTimeoutMicroseconds
        do throws(UnusableTLS) {
            try self.init(terms)
        } catch {
            throw SnapshotFailure(place: place, reason: error.description)
        }
    }
}

extension PeerCertificate {
    /// What a client has shown, in DER.
    convenience init(der: [UInt8]) throws {
        let facts = try CertificateFacts(der: der)
        self.init(
            subject: facts.subject, commonName: facts.commonName, names: facts.names,
            lines: CertificateFacts.fieldLines(der: der, facts: facts))
    }

    /// For explanations, which go to no upstream.
    convenience init(pem: [UInt8]) throws(CredentialError) {
        let facts = try CertificateFacts(pem: pem)
        self.init(subject: facts.subject, commonName: facts.commonName, names: facts.names, lines: [])
    }
}
