/// Which consumer an API key belongs to. Only the keys' SHA-256 is known here and in the configuration, so neither a
/// copy of the file nor of the memory lets anyone in.
///
/// An open-addressed table over the first bytes of the digests; the digest that is found is compared whole and in
/// constant time. What timing could show is at most where a digest lies in the table, and a digest doesn't lead back
/// to its key: keys are random and long (see `sluice key`). Immutable, so all workers share one.
package struct APIKeyTable: Sendable {
    /// One configured key: `hash` as written in the configuration, and the caller's number for its consumer.
    package struct Entry: Sendable {
        package let hash: String
        package let consumer: Int

        package init(hash: String, consumer: Int) {
            self.hash = hash
            self.consumer = consumer
        }
    }

    /// Longer than any key; keeps a stray header from being hashed at length.
    package static let maximumKeyBytes = 1024
    private static let hashPrefix = "sha256:"
    private static let none = -1

    package let count: Int
    private let mask: UInt64
    private let digests: [Digest]
    private let consumers: [Int]

    package init(_ entries: [Entry]) throws(CredentialError) {
        var slots = 8
        while slots < entries.count * 2 { slots *= 2 }
        let mask = UInt64(slots - 1)
        var digests = [Digest](repeating: Digest { _ in }, count: slots)
        var consumers = [Int](repeating: Self.none, count: slots)
        for entry in entries {
            let digest = try Self.digest(fromHash: entry.hash)
            var slot = Int(truncatingIfNeeded: digest.prefix & mask)
            while consumers[slot] != Self.none {
                guard digests[slot] != digest else {
                    throw CredentialError("the API key hash \"\(entry.hash.prefix(15))…\" is configured twice")
                }
                slot = (slot + 1) & Int(mask)
            }
            digests[slot] = digest
            consumers[slot] = entry.consumer
        }
        self.count = entries.count
        self.mask = mask
        self.digests = digests
        self.consumers = consumers
    }

    /// The consumer of the key that `bytes` are, or nil.
    package func consumer(ofKey bytes: UnsafeRawBufferPointer, using hasher: SHA256Hasher) -> Int? {
        guard !bytes.isEmpty, bytes.count <= Self.maximumKeyBytes else { return nil }
        return consumer(of: hasher.digest(bytes))
    }

    /// The consumer of the key with this digest, or nil.
    package func consumer(of digest: Digest) -> Int? {
        var slot = Int(truncatingIfNeeded: digest.prefix & mask)
        // At least half of the slots are empty, so this ends.
        while consumers[slot] != Self.none {
            let isSame = digests[slot].withUnsafeBytes { known in
                digest.withUnsafeBytes { constantTimeEquals(known, $0) }
            }
            if isSame { return consumers[slot] }
            slot = (slot + 1) & Int(mask)
        }
        return nil
    }

    /// How a key is written into a configuration: `sha256:` and 64 hexadecimal digits.
    package static func hash(ofKey key: [UInt8]) throws(CredentialError) -> String {
        hashPrefix + (try SHA256Hasher()).digest(key).hexadecimal
    }

    package static func digest(fromHash hash: String) throws(CredentialError) -> Digest {
        guard hash.hasPrefix(hashPrefix), let digest = Digest(hexadecimal: String(hash.dropFirst(hashPrefix.count)))
        else {
            throw CredentialError(
                "expected the hash of an API key as `sha256:` and 64 hexadecimal digits; "
                    + "make it with `printf %s KEY | sha256sum`")
        }
        return digest
    }
}
