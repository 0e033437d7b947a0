import Configuration
import Credentials
import Encryption
import Filters
import JSON
import NIOCore
import Policies
import Telemetry
import Translation
import Transport

/// A whole configuration, compiled as far as all workers can share it. Immutable: a reload makes a new one, and exchanges
/// under way keep the old one.
struct Snapshot: Sendable {
    /// Counts up with every configuration this process has taken.
    let generation: Int
    let configuration: GatewayConfiguration
    /// Names the configuration's text: nodes with the same one run the same file.
    let revision: String
    let surfaces: Surfaces
    let clients: ClientIdentification
    let consumers: ConsumerDirectory
    /// Nil: an address may fail to authenticate as often as it likes.
    let failedAttempts: FailedAttempts?
    let verifiers: [String: JWTVerifier]
    /// Of authenticators whose keys are a provider's.
    let keySets: [String: FetchedKeySet]
    /// Of authenticators with names and passwords.
    let users: [String: [BasicAuthenticator.User]]
    let passwordWorkers: PasswordWorkers
    /// Of authenticators of signed requests.
    let signatureKeys: [String: [SignatureAuthenticator.Key]]
    let nonces: InMemoryNonces
    /// For services that the gateway asks on its own account.
    let serviceTLS: ClientTLS
    let breakers: [String: SharedBreaker]
    /// Of upstreams with several targets.
    let ejections: [String: TargetEjections]
    /// Of upstreams whose targets are checked.
    let health: [String: TargetHealth]
    let limits: LimitCatalogue
    let listenerTLS: [BindAddress: ServerTLS]
    let upstreamTLS: [String: ClientTLS]
    let upstreamHTTP2TLS: [String: ClientTLS]
    /// Of routes to gRPC services, by their place.
    let translations: [Int: RouteTranslation]
    let metricNames: MetricNames

    /// - Parameters:
    ///   - previous: what is served now; its counters and breakers live on under their names.
    ///   - cluster: by which new breakers will be shared.
    /// - Throws: `SnapshotFailure` naming what can't be used, such as a key that libcrypto refuses.
    init(
        _ configuration: GatewayConfiguration, previous: Snapshot?, cluster: ClusterBreakers, log: StructuredLog
    ) throws(SnapshotFailure) {
        self.configuration = configuration
        revision = Self.revision(of: configuration.text.bytes)
        generation = (previous?.generation ?? 0) + 1
        surfaces = Surfaces(configuration.served)
        clients = ClientIdentification(trusted: configuration.trustedProxies)
        consumers = try Self.directory(of: configuration)
        failedAttempts = Self.failedAttempts(of: configuration, previous: previous, log: log)
        verifiers = try Self.verifiers(of: configuration)
        keySets = Self.keySets(of: configuration, previous: previous, log: log)
        users = try Self.users(of: configuration, consumers)
        passwordWorkers = previous?.passwordWorkers ?? PasswordWorkers(count: System.coreCount / 2)
        signatureKeys = try Self.signatureKeys(of: configuration, consumers)
        nonces = previous?.nonces ?? InMemoryNonces()
        serviceTLS = try Self.serviceTLS()
        listenerTLS = try Self.listenerTLS(of: configuration, previous: previous)
        upstreamTLS = try Self.upstreamTLS(of: configuration, isHTTP2: false)
        upstreamHTTP2TLS = try Self.upstreamTLS(of: configuration, isHTTP2: true)
        breakers = Self.breakers(of: configuration, previous: previous, cluster: cluster, log: log)
        ejections = Self.ejections(of: configuration, previous: previous, log: log)
        health = Self.health(of: configuration, previous: previous, log: log)
        limits = LimitCatalogue(configuration)
        translations = try Self.translations(of: configuration)
        var names = previous?.metricNames ?? MetricNames()
        for served in configuration.served.all { _ = names.routes.index(of: served.rule.name) }
        for route in configuration.routes {
            // Also where only gateways serve it: what it does besides answering is counted under its own name.
            _ = names.routes.index(of: route.rule.name)
            for version in route.versions?.versions ?? [] {
                _ = names.versions.index(of: VersionLabel.key(route: route.rule.name, version: version.name))
            }
        }
        for upstream in configuration.upstreams.keys.sorted() { _ = names.upstreams.index(of: upstream) }
        for route in configuration.routes {
            for step in route.aggregate?.plan.steps ?? [] {
                _ = names.steps.index(of: "\(route.rule.name)/\(step.name)")
            }
        }
        for policy in limits.names { _ = names.policies.index(of: policy) }
        if configuration.state.redis != nil, !configuration.authenticators.isEmpty {
            _ = names.policies.index(of: LimitCatalogue.sharedPlans)
        }
        metricNames = names
    }

    var transportLimits: TransportLimits {
        var limits = TransportLimits()
        limits.headerBytes = configuration.limits.headerBytes
        limits.bodyBytes = configuration.limits.bodyBytes
        limits.streams = configuration.limits.streams
        limits.headerTimeoutMicroseconds = configuration.limits.headerTimeoutMicroseconds
        limits.bodyRate = configuration.limits.bodyRate
        limits.idleTimeoutMicroseconds = configuration.limits.idleTimeoutMicroseconds
        return limits
    }

    /// Edited settings reach the breakers that live on. Not before the configuration is certain to be taken: a reload that
    /// is refused must leave no trace.
    func adoptBreakerSettings() {
        for (name, breaker) in breakers {
            if let settings = configuration.upstreams[name]?.breaker { breaker.adopt(settings) }
        }
    }

    /// 12 digits of the text's digest; `sha256sum` of the file begins with them.
    private static func revision(of text: [UInt8]) -> String {
        // Without SHA-256 no credential could be checked either, which is reported elsewhere.
        guard let hasher = try? SHA256Hasher() else { return "" }
        return String(hasher.digest(text).hexadecimal.prefix(12))
    }

    static func directory(of configuration: GatewayConfiguration) throws(SnapshotFailure) -> ConsumerDirectory {
        let consumers = configuration.consumers.map { ConsumerDirectory.Consumer($0) }
        do {
            return try ConsumerDirectory(consumers)
        } catch {
            throw SnapshotFailure(place: "consumers", reason: "\(error)")
        }
    }

    /// What has failed is remembered as long as the limit is the same.
    private static func failedAttempts(
        of configuration: GatewayConfiguration, previous: Snapshot?, log: StructuredLog
    ) -> FailedAttempts? {
        guard let limit = configuration.authentication.failures else { return nil }
        let settings = FailedAttempts.Settings(
            limit: limit, exemptsLoopback: !configuration.authentication.areFailuresWritten)
        if let known = previous?.failedAttempts, known.settings == settings { return known }
        return FailedAttempts(settings) { address in
            log.warning("too many failed attempts to authenticate", ["address": .string(address)])
        }
    }

    static func verifiers(
        of configuration: GatewayConfiguration
    ) throws(SnapshotFailure) -> [String: JWTVerifier] {
        var verifiers: [String: JWTVerifier] = [:]
        for (name, authenticator) in configuration.authenticators {
            verifiers[name] = try verifier(name, authenticator)
        }
        return verifiers
    }

    /// What was fetched lives on as long as the provider is the same.
    private static func keySets(
        of configuration: GatewayConfiguration, previous: Snapshot?, log: StructuredLog
    ) -> [String: FetchedKeySet] {
        var sets: [String: FetchedKeySet] = [:]
        for (name, authenticator) in configuration.authenticators {
            guard case .jwt(let settings) = authenticator, let provider = settings.provider else { continue }
            let source: FetchedKeySet.Source =
                switch provider {
                case .keySet(let url): .keySet(url)
                case .issuer(let url): .issuer(url)
                }
            if let known = previous?.keySets[name], known.source == source {
                sets[name] = known
                continue
            }
            sets[name] = FetchedKeySet(source) { message, isProblem in
                if isProblem {
                    log.warning(
                        "no keys from the provider", ["authenticator": .string(name), "detail": .string(message)])
                } else {
                    log.info("keys of the provider", ["authenticator": .string(name), "detail": .string(message)])
                }
            }
        }
        return sets
    }

    private static func serviceTLS() throws(SnapshotFailure) -> ClientTLS {
        do throws(UnusableTLS) {
            return try ClientTLS(protocols: ["http/1.1"])
        } catch {
            throw SnapshotFailure(place: "authenticators", reason: error.description)
        }
    }

    /// Nil for authenticators without signatures.
    static func verifier(
        _ name: String, _ authenticator: AuthenticatorSettings
    ) throws(SnapshotFailure) -> JWTVerifier? {
        guard case .jwt(let settings) = authenticator else { return nil }
        do {
            return try JWTVerifier(settings)
        } catch {
            throw SnapshotFailure(place: "authenticators.\(name).jwt", reason: "\(error)")
        }
    }
}

/// A configuration that reads well but can't be put to work.
package struct SnapshotFailure: Error, CustomStringConvertible {
    package let place: String
    package let reason: String
    package var description: String { "\(place): \(reason)" }
}

extension JWTVerifier {
    fileprivate init(_ settings: JWTSettings) throws(CredentialError) {
        var keys: [JWTKey] = []
        for key in settings.keys {
            var made: JWTKey =
                switch key.material {
                case .secret(let secret): try .secret(secret.bytes, id: key.id)
                case .publicKey(let pem): try .publicKey(pem: pem, id: key.id)
                }
            made.algorithm = key.algorithm.flatMap { JWTAlgorithm(rawValue: $0.rawValue) }
            keys.append(made)
        }
        if let text = settings.keySet {
            let set = try JWKSet(text.bytes, allowsSecrets: true)
            // What a person has written is meant to be used.
            guard set.notes.isEmpty else { throw CredentialError("jwks: " + set.notes.joined(separator: "; ")) }
            keys += set.keys
        }
        var configuration = Configuration(
            algorithms: settings.algorithms.compactMap { JWTAlgorithm(rawValue: $0.rawValue) }, keys: keys)
        configuration.keysAreFetched = settings.provider != nil || settings.keySet != nil
        configuration.types = settings.claims.types
        configuration.requiredClaims = settings.claims.required.map { ClaimPath($0) }
        configuration.scopesClaim = settings.claims.scopes.map { ClaimPath($0) }
        configuration.rolesClaim = settings.claims.roles.map { ClaimPath($0) }
        configuration.maximumAgeSeconds = settings.claims.maximumAgeMicroseconds.map { $0 / 1_000_000 }
        configuration.issuer = settings.issuer
        configuration.audiences = settings.audiences
        configuration.leewaySeconds = settings.leewayMicroseconds / 1_000_000
        try self.init(configuration)
    }
}
