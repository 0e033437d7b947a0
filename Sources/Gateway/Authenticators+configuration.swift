import Configuration
import Credentials
import Filters
import GatewayCore
import JSON
import NIOCore

extension Snapshot {
    /// By authenticator.
    /// - Throws: `SnapshotFailure` naming a hash that can't be used.
    static func users(
        of configuration: GatewayConfiguration, _ consumers: ConsumerDirectory
    ) throws(SnapshotFailure) -> [String: [BasicAuthenticator.User]] {
        var all: [String: [BasicAuthenticator.User]] = [:]
        for case (let name, .basic(let settings)) in configuration.authenticators {
            var users: [BasicAuthenticator.User] = []
            for user in settings.users {
                do throws(CredentialError) {
                    let hash = try PasswordHash(String(decoding: user.hash.bytes, as: UTF8.self))
                    users.append(BasicAuthenticator.User(name: user.name, hash: hash, consumers: consumers))
                } catch {
                    throw SnapshotFailure(
                        place: "authenticators.\(name).basic", reason: "the password of \"\(user.name)\": \(error)")
                }
            }
            all[name] = users
        }
        return all
    }
}

extension Snapshot {
    /// By authenticator.
    /// - Throws: `SnapshotFailure` naming a key that can't be used.
    static func signatureKeys(
        of configuration: GatewayConfiguration, _ consumers: ConsumerDirectory
    ) throws(SnapshotFailure) -> [String: [SignatureAuthenticator.Key]] {
        var all: [String: [SignatureAuthenticator.Key]] = [:]
        for case (let name, .signature(let settings)) in configuration.authenticators {
            var keys: [SignatureAuthenticator.Key] = []
            for key in settings.keys {
                do throws(CredentialError) {
                    keys.append(try SignatureAuthenticator.Key(key, consumers))
                } catch {
                    throw SnapshotFailure(
                        place: "authenticators.\(name).signature", reason: "the key \"\(key.id)\": \(error)")
                }
            }
            all[name] = keys
        }
        return all
    }
}

extension SignatureAuthenticator.Key {
    fileprivate init(_ settings: SignatureSettings.Key, _ consumers: ConsumerDirectory) throws(CredentialError) {
        guard let algorithm = SignatureAlgorithm(rawValue: settings.algorithm.rawValue) else {
            throw CredentialError("its algorithm is not known")
        }
        let key: JWTKey =
            switch settings.material {
            case .secret(let secret): try .secret(secret.bytes)
            case .publicKey(let pem): try .publicKey(pem: pem)
            }
        guard key.family == algorithm.algorithm.family else {
            throw CredentialError(
                "\(algorithm.rawValue) needs \(algorithm.algorithm.family.rawValue), not \(key.family.rawValue)")
        }
        self.init(
            id: settings.id, key: key, algorithm: algorithm, consumer: settings.consumer ?? settings.id,
            consumers: consumers)
    }
}

extension SignatureAuthenticator {
    convenience init(_ settings: SignatureSettings, name: String, keys: [Key], nonces: any NonceStore) throws {
        try self.init(
            Configuration(
                name: name, keys: keys, components: settings.components,
                maximumAgeSeconds: settings.maximumAgeMicroseconds / 1_000_000,
                leewaySeconds: settings.leewayMicroseconds / 1_000_000,
                nonces: settings.needsNonce ? .required : .checked),
            nonces: nonces)
    }
}

extension BasicAuthenticator {
    convenience init(_ settings: BasicSettings, users: [User], _ snapshot: Snapshot, _ loop: any EventLoop) throws {
        try self.init(
            users, realm: settings.realm, memorySeconds: settings.memoryMicroseconds / 1_000_000,
            workers: snapshot.passwordWorkers, loop: loop)
    }
}

extension CertificateAuthenticator.Source {
    init(_ settings: CertificateSettings) {
        switch settings {
        case .commonName: self = .commonName
        case .subject: self = .subject
        case .name: self = .name
        }
    }
}

extension JWTAuthenticator {
    convenience init(
        _ settings: JWTSettings, _ verifier: JWTVerifier, _ consumers: ConsumerDirectory, fetcher: KeySetFetcher?
    ) throws {
        try self.init(
            verifier: verifier, consumers: consumers, consumerClaim: settings.claims.consumer.map { ClaimPath($0) },
            handshake: HandshakeToken(query: settings.query, subprotocol: settings.subprotocol), fetcher: fetcher)
    }
}

extension IntrospectionAuthenticator {
    convenience init(
        _ settings: IntrospectionSettings, _ consumers: ConsumerDirectory, _ client: any ServiceClient
    ) throws {
        var configuration = Configuration(
            url: settings.url, clientID: settings.clientID, clientSecret: settings.clientSecret.bytes)
        configuration.memorySeconds = settings.memoryMicroseconds / 1_000_000
        configuration.timeoutMicroseconds = settings.timeoutMicroseconds
        configuration.audiences = settings.audiences
        configuration.scopesClaim = ClaimPath(settings.scopesClaim)
        configuration.rolesClaim = ClaimPath(settings.rolesClaim)
        configuration.consumerClaim = settings.consumerClaim.map { ClaimPath($0) }
        try self.init(configuration, consumers: consumers, client: client)
    }
}

extension ForwardAuthenticator {
    convenience init(
        _ settings: ForwardAuthenticationSettings, name: String, _ consumers: ConsumerDirectory,
        _ client: any ServiceClient
    ) {
        var configuration = Configuration(
            url: settings.url, requestFields: settings.requestFields, responseFields: settings.responseFields,
            consumerField: settings.consumerField)
        configuration.timeoutMicroseconds = settings.timeoutMicroseconds
        self.init(configuration, name: name, consumers: consumers, client: client)
    }
}

extension IdentityHeadersFilter {
    /// Templates were checked when the configuration was read.
    convenience init(_ settings: IdentitySettings) {
        self.init(
            settings.headers.compactMap { header in
                IdentityTemplate(header.template).map { Field(name: header.name, value: $0) }
            })
    }
}

extension ResponseDefaults {
    /// Nil: nothing is to be said.
    convenience init?(_ settings: SecurityHeaders?) {
        guard let settings else { return nil }
        var fields: [Field] = []
        if let value = settings.transport { fields.append(Field("Strict-Transport-Security", value, isForTLS: true)) }
        if settings.isNoSniff { fields.append(Field("X-Content-Type-Options", "nosniff")) }
        if let value = settings.frames { fields.append(Field("X-Frame-Options", value)) }
        if let value = settings.referrerPolicy { fields.append(Field("Referrer-Policy", value)) }
        if let value = settings.contentPolicy { fields.append(Field("Content-Security-Policy", value)) }
        if let value = settings.permissionsPolicy { fields.append(Field("Permissions-Policy", value)) }
        guard !fields.isEmpty else { return nil }
        self.init(fields)
    }
}
