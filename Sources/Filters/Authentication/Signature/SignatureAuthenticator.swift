import Credentials
import GatewayCore
import HTTPWire

/// Signed requests (RFC 9421): `Signature-Input` says which parts of a request are covered, and `Signature` proves that a key of ours
/// has seen them so.
package final class SignatureAuthenticator: Authenticator {
    package struct Key: Sendable {
        let id: String
        let key: JWTKey
        let algorithm: SignatureAlgorithm
        let identity: Identity

        package init(id: String, key: JWTKey, algorithm: SignatureAlgorithm, identity: Identity) {
            self.id = id
            self.key = key
            self.algorithm = algorithm
            self.identity = identity
        }

        package init(
            id: String, key: JWTKey, algorithm: SignatureAlgorithm, consumer: String, consumers: ConsumerDirectory
        ) {
            self.init(id: id, key: key, algorithm: algorithm, identity: consumers.identity(of: consumer))
        }
    }

    package enum NonceRule: Sendable {
        /// One that comes again is refused; a signature without any may come again.
        case checked
        /// Each signature needs one.
        case required
    }

    package struct Configuration: Sendable {
        /// The authenticator's.
        package var name: String
        package var keys: [Key]
        /// Components that a signature has to cover; `@query` and `content-digest` only where there is a query or content.
        package var components: [String]
        /// For how long after its creation a signature is good.
        package var maximumAgeSeconds: Int
        package var leewaySeconds: Int
        package var nonces: NonceRule

        package init(
            name: String, keys: [Key], components: [String], maximumAgeSeconds: Int, leewaySeconds: Int,
            nonces: NonceRule
        ) {
            self.name = name
            self.keys = keys
            self.components = components
            self.maximumAgeSeconds = maximumAgeSeconds
            self.leewaySeconds = leewaySeconds
            self.nonces = nonces
        }
    }

    package let challenge = "Signature"
    private let configuration: Configuration
    private let nonces: any NonceStore
    private let hasher: SHA256Hasher

    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(_ configuration: Configuration, nonces: any NonceStore) throws {
        self.configuration = configuration
        self.nonces = nonces
        hasher = try SHA256Hasher()
    }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        let fields = exchange.request.fields
        guard let input = Self.whole("signature-input", fields) else { return .absent }
        guard let signature = Self.whole("signature", fields) else { return .rejected(SignatureFault.malformed.reply) }
        do throws(SignatureFault) {
            let claim = try SignatureClaim(input: input, signature: signature, keys: configuration.keys)
            try judgeTimes(claim, now: WallClock.seconds())
            try judgeCover(claim, exchange)
            guard let base = SignatureBase(exchange).bytes(claim.components, claim.parameters) else {
                throw .unknownComponent
            }
            let isGenuine = base.withUnsafeBytes {
                claim.key.key.verifies(claim.signature, by: claim.key.algorithm.algorithm, of: $0)
            }
            guard isGenuine else { throw .wrong }
            try checkContent(claim, exchange)
            return accept(claim)
        } catch {
            return .rejected(error.reply)
        }
    }

    package func strip(_ exchange: Exchange) {
        for name: StaticString in ["signature", "signature-input"] {
            exchange.request.fields.drop(named: Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
    }

    private static func whole(_ name: StaticString, _ fields: FieldSection) -> [UInt8]? {
        var value: [UInt8]?
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase(name) {
            value = value.map { $0 + ", ".utf8 + Array(fields.value(index)) } ?? Array(fields.value(index))
        }
        return value
    }

    private func judgeTimes(_ claim: SignatureClaim, now: Int) throws(SignatureFault) {
        guard let created = claim.created else { throw .undated }
        guard created <= now + configuration.leewaySeconds else { throw .expired }
        guard now < created + configuration.maximumAgeSeconds + configuration.leewaySeconds else { throw .expired }
        if let expires = claim.expires, now >= expires + configuration.leewaySeconds { throw .expired }
        if case .required = configuration.nonces, claim.nonce == nil { throw .nonceless }
    }

    /// Every required component is covered, by itself or by one that says the same.
    private func judgeCover(_ claim: SignatureClaim, _ exchange: Exchange) throws(SignatureFault) {
        let covered = Set(claim.components.filter(\.parameters.isEmpty).map(\.value))
        func covers(_ names: String...) -> Bool { names.contains { covered.contains(.string($0)) } }
        for component in configuration.components {
            let isCovered =
                switch component {
                case "@path": covers("@path", "@request-target", "@target-uri")
                case "@query":
                    !SignatureBase(exchange).hasQuery || covers("@query", "@request-target", "@target-uri")
                case "@authority": covers("@authority", "@target-uri", "host")
                case "@scheme": covers("@scheme", "@target-uri")
                case "content-digest": exchange.request.body == .none || covers("content-digest")
                default: covers(component)
                }
            guard isCovered else { throw .uncovered }
        }
    }

    /// A digest that is covered has to be the content's.
    private func checkContent(_ claim: SignatureClaim, _ exchange: Exchange) throws(SignatureFault) {
        guard claim.components.contains(where: { $0.value == .string("content-digest") }) else { return }
        guard let field = Self.whole("content-digest", exchange.request.fields), let check = ContentDigestCheck(field)
        else {
            throw .undigested
        }
        if exchange.request.body == .none {
            guard check.isRightForNothing else { throw .undigested }
        } else {
            exchange.bodyCheck = check
        }
    }

    private func accept(_ claim: SignatureClaim) -> AuthenticationResult {
        guard let nonce = claim.nonce, let created = claim.created else { return .accepted(claim.key.identity) }
        let name = StructuredField.write(.string(configuration.name)) + StructuredField.write(.string(claim.key.id))
        let digest = hasher.digest(Array((name + StructuredField.write(.string(nonce))).utf8))
        let age = configuration.maximumAgeSeconds + configuration.leewaySeconds
        let seconds = max(created + age - WallClock.seconds(), 1) + 1
        return .later { [nonces] done in
            nonces.use(digest, forSeconds: seconds) { use in
                switch use {
                case .first: done(.accepted(claim.key.identity))
                case .repeated: done(.rejected(SignatureFault.repeated.reply))
                case .unknown: done(.rejected(Self.unavailable))
                }
            }
        }
    }

    private static let unavailable = Reply(
        status: 503, kind: "nonces-unavailable", title: "Service unavailable",
        detail: "Whether the request has been here before can't be known right now.", lines: "Retry-After: 1\r\n")
}
