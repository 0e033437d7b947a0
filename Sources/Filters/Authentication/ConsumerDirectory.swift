import Credentials
import GatewayCore
import JSON

/// The configured consumers, by id and by API key. Immutable, and shared by all workers.
package final class ConsumerDirectory: Sendable {
    package struct Consumer: Sendable {
        package let id: String
        package let plan: String?
        package let scopes: [String]
        /// `sha256:` and 64 hexadecimal digits each.
        package let keyHashes: [String]

        package init(id: String, plan: String?, scopes: [String], keyHashes: [String]) {
            self.id = id
            self.plan = plan
            self.scopes = scopes
            self.keyHashes = keyHashes
        }
    }

    let keys: APIKeyTable
    /// By the number that `keys` gives.
    let identities: [Identity]
    private let byID: [String: Consumer]

    /// - Throws: `CredentialError` for a malformed or repeated hash.
    package init(_ consumers: [Consumer]) throws {
        var entries: [APIKeyTable.Entry] = []
        for (index, consumer) in consumers.enumerated() {
            entries += consumer.keyHashes.map { APIKeyTable.Entry(hash: $0, consumer: index) }
        }
        keys = try APIKeyTable(entries)
        identities = consumers.map { Identity(consumer: $0.id, plan: $0.plan, scopes: $0.scopes) }
        byID = Dictionary(consumers.map { ($0.id, $0) }) { first, _ in first }
    }

    /// Byte by byte: `==` of texts, and so a dictionary, would take other spellings that Unicode calls equivalent for it too.
    subscript(id: String) -> Consumer? {
        guard let found = byID[id], isSameText(found.id, id) else { return nil }
        return found
    }
}
