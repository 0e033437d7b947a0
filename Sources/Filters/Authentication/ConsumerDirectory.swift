import Credentials
import GatewayCore
import JSON
import Policies

/// The configured consumers, by id and by API key. Immutable, and shared by all workers.
package final class ConsumerDirectory: Sendable {
    package struct Consumer: Sendable {
        package let id: String
        package let plan: String?
        package let scopes: [String]
        package let keys: [Key]

        package init(id: String, plan: String?, scopes: [String], keys: [Key]) {
            self.id = id
            self.plan = plan
            self.scopes = scopes
            self.keys = keys
        }

        /// - Parameter keyHashes: `sha256:` and 64 hexadecimal digits each.
        package init(id: String, plan: String?, scopes: [String], keyHashes: [String]) {
            self.init(id: id, plan: plan, scopes: scopes, keys: keyHashes.map { Key(hash: $0) })
        }
    }

    /// One of a consumer's keys; what it says of scopes and plan counts in place of what the consumer has.
    package struct Key: Sendable {
        /// `sha256:` and 64 hexadecimal digits.
        package let hash: String
        package var scopes: [String]?
        package var plan: String?
        /// Seconds since 1970.
        package var expires: Int?
        package var addresses: [NetworkRange] = []

        package init(hash: String) { self.hash = hash }
    }

    private let keys: APIKeyTable
    /// By the number that `keys` gives.
    private let grants: [KeyGrant]
    private let byID: [String: Consumer]

    /// - Throws: `CredentialError` for a malformed or repeated hash.
    package init(_ consumers: [Consumer]) throws {
        var entries: [APIKeyTable.Entry] = []
        var grants: [KeyGrant] = []
        for consumer in consumers {
            let plain = Identity(
                consumer: consumer.id, plan: consumer.plan, scopes: consumer.scopes, isComplete: true)
            for key in consumer.keys {
                entries.append(APIKeyTable.Entry(hash: key.hash, consumer: grants.count))
                let isPlain = key.scopes == nil && key.plan == nil
                let identity =
                    isPlain
                    ? plain
                    : Identity(
                        consumer: consumer.id, plan: key.plan ?? consumer.plan, scopes: key.scopes ?? consumer.scopes,
                        isComplete: true)
                grants.append(
                    KeyGrant(identity, expiry: key.expires.map { .atSeconds($0) } ?? .never, addresses: key.addresses))
            }
        }
        keys = try APIKeyTable(entries)
        self.grants = grants
        byID = Dictionary(consumers.map { ($0.id, $0) }) { first, _ in first }
    }

    /// What the key with this digest is good for.
    func grant(of digest: Digest) -> KeyGrant? { keys.consumer(of: digest).map { grants[$0] } }

    /// Who a caller is that proved to be this consumer: with the plan and scopes that are configured for it, if any.
    /// - Parameter scopes: of the credential; they come first.
    package func identity(
        of id: String, scopes: [String] = [], roles: [String] = [], claims: JSONObject = JSONObject()
    ) -> Identity {
        let consumer = self[id]
        return Identity(
            consumer: id, plan: consumer?.plan, scopes: scopes + (consumer?.scopes ?? []), roles: roles, claims: claims)
    }

    /// Byte by byte: `==` of texts, and so a dictionary, would take other spellings that Unicode calls equivalent for it too.
    package subscript(id: String) -> Consumer? {
        guard let found = byID[id], isSameText(found.id, id) else { return nil }
        return found
    }
}
