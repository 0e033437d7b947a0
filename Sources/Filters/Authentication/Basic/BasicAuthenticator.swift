import Credentials
import GatewayCore
import HTTPWire
import NIOCore

/// `Authorization: Basic` (RFC 7617): names and passwords, of which only slow hashes are configured.
///
/// Hashing is left to other threads. What it came to is remembered for a while by a keyed digest of name and password, so that a
/// client that sends them with each request costs one hash.
package final class BasicAuthenticator: Authenticator {
    package struct User: Sendable {
        let name: [UInt8]
        let identity: Identity
        let hash: PasswordHash

        package init(name: String, hash: PasswordHash, consumers: ConsumerDirectory) {
            self.name = Array(name.utf8)
            self.hash = hash
            identity = consumers.identity(of: name)
        }
    }

    package let challenge: String
    private let users: [[UInt8]: User]
    /// Whose hash is computed for names that nobody has, which then take as long as others.
    private let decoy: User?
    private let workers: PasswordWorkers
    private let loop: any EventLoop
    private let memorySeconds: Int
    private let memory = CredentialMemory<Identity?>()
    private let hasher: SHA256Hasher
    /// Drawn at the start: digests in memory can't be compared with those of guesses without it.
    private let key: [UInt8]
    private let refusal: Reply
    private var pending: [Digest: [(AuthenticationResult) -> Void]] = [:]

    private static let mostBytes = 1024
    /// For so long a wrong password is not hashed again.
    private static let refusalSeconds = 10

    /// - Parameters:
    ///   - realm: a text without quotes, backslashes and control characters.
    ///   - memorySeconds: for how long a password that was right is not hashed again.
    /// - Throws: `CredentialError` when libcrypto can't be used.
    package init(
        _ users: [User], realm: String, memorySeconds: Int, workers: PasswordWorkers, loop: any EventLoop
    ) throws {
        self.users = Dictionary(users.map { ($0.name, $0) }) { first, _ in first }
        decoy = users.first
        self.workers = workers
        self.loop = loop
        self.memorySeconds = memorySeconds
        hasher = try SHA256Hasher()
        key = try randomBytes(32)
        challenge = "Basic realm=\"\(realm)\", charset=\"UTF-8\""
        refusal = .unauthorized("The name or the password is not right.", challenges: [challenge])
    }

    package func strip(_ exchange: Exchange) { exchange.dropAuthorization() }

    package func authenticate(_ exchange: Exchange) -> AuthenticationResult {
        guard let text = Self.text(exchange) else { return .absent }
        guard let (bytes, colon) = Self.credentials(text) else { return .rejected(refusal) }
        let digest = hasher.digest(key + bytes)
        let now = MonotonicClock.microseconds() / 1_000_000
        if let known = memory.value(of: digest, now: now) { return known.map { .accepted($0) } ?? .rejected(refusal) }
        // Who keeps guessing does not get threads to work for them.
        guard !exchange.isSuspect else { return .rejected(refusal) }
        return .later { [self] done in
            check(digest, name: Array(bytes[..<colon]), password: Array(bytes[(colon + 1)...]), done)
        }
    }

    private static func text(_ exchange: Exchange) -> Bytes? {
        exchange.request.fields.first(.authorization).flatMap { BearerToken.credentials(of: $0, "basic") }
    }

    private static func credentials(_ text: Bytes) -> (bytes: [UInt8], colon: Int)? {
        guard text.count <= mostBytes, let bytes = Base64.decode(text) else { return nil }
        return bytes.firstIndex(of: UInt8(ascii: ":")).map { (bytes, $0) }
    }

    /// Judges without threads of its own: the hash is computed where this is called, which no event loop may wait for.
    package static func judge(_ exchange: Exchange, among users: [User]) -> AuthenticationResult {
        guard let text = text(exchange) else { return .absent }
        let refusal = Reply.unauthorized("The name or the password is not right.", challenges: [])
        guard let (bytes, colon) = credentials(text),
            let user = users.first(where: { $0.name.elementsEqual(bytes[..<colon]) }),
            user.hash.verifies(Array(bytes[(colon + 1)...]))
        else { return .rejected(refusal) }
        return .accepted(user.identity)
    }

    private func check(
        _ digest: Digest, name: [UInt8], password: [UInt8], _ done: @escaping (AuthenticationResult) -> Void
    ) {
        guard pending[digest] == nil else {
            pending[digest]?.append(done)
            return
        }
        let user = users[name]
        guard let hash = (user ?? decoy)?.hash else { return done(.rejected(refusal)) }
        let isTaken = workers.check(on: loop, { hash.verifies(password) }) { [self] isRight in
            let identity = isRight ? user?.identity : nil
            let now = MonotonicClock.microseconds() / 1_000_000
            let seconds = identity == nil ? Self.refusalSeconds : memorySeconds
            memory.remember(identity, of: digest, until: now + seconds)
            let result = identity.map { AuthenticationResult.accepted($0) } ?? .rejected(refusal)
            for done in pending.removeValue(forKey: digest) ?? [] { done(result) }
        }
        guard isTaken else { return done(.rejected(Self.busy)) }
        pending[digest] = [done]
    }

    private static let busy = Reply(
        status: 503, kind: "busy", title: "Service unavailable",
        detail: "Too many passwords are being checked at once.", lines: "Retry-After: 1\r\n")
}
