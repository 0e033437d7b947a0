import HTTPWire

/// The policy and the subject that a bucket's key names, as they stand in it: escaped by `SubjectKey`.
package struct BucketName: Hashable, Sendable {
    package let policy: String
    package let subject: String

    /// From `<namespace>:bucket:{<policy>:<subject>}` or the key of its places; nil for any other key.
    package init?(key: String) {
        guard key.hasSuffix("}"), let brace = key.firstIndex(of: "{") else { return nil }
        let tag = key[key.index(after: brace)...].dropLast()
        // Colons of a policy's name are escaped, so the first one ends it.
        guard let colon = tag.firstIndex(of: ":") else { return nil }
        policy = String(tag[..<colon])
        subject = String(tag[tag.index(after: colon)...])
    }

    /// As people write them: a subject that needs no escaping, or is written as Redis shows it, stays as it is.
    package init(policy: String, subject: String) {
        self.policy = Self.isStored(policy) ? policy : Self.escaped(policy: policy)
        self.subject = Self.stored(subject: subject)
    }

    package func bucketKey(_ namespace: String) -> String { "\(namespace):bucket:{\(policy):\(subject)}" }
    package func placesKey(_ namespace: String) -> String { "\(namespace):concurrency:{\(policy):\(subject)}" }

    /// What keys hold for a subject.
    static func stored(subject: String) -> String {
        guard !isStored(subject) else { return subject }
        let key = ByteBuilder()
        var text = subject
        text.withUTF8 { SubjectKey().append($0, to: key) }
        return String(decoding: key.bytes, as: UTF8.self)
    }

    static func escaped(policy: String) -> String {
        String(decoding: SubjectKey.escaped(policy: policy), as: UTF8.self)
    }

    /// Whether it could have come out of a key: `%` only before two digits, and a `~` only before a digest.
    private static func isStored(_ text: String) -> Bool {
        text.utf8.count <= SubjectKey.longest && text.contains(/%[0-9A-F]{2}|~[0-9a-f]{32}$/)
            && !text.contains(/%(?![0-9A-F]{2})/) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
            && !text.contains(/[*?\[\]^\\{}]/)
    }
}
