import Credentials

/// A change of a consumer, key or plan, as it is published: what, of which name, and the version that it made.
///
/// `key <sha256> <version>`, `consumer <id> <version>`, `plan <name> <version>`; none of them has blanks in it.
package struct ConsumerEvent: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case key(Digest)
        case consumer(String)
        case plan(String)
    }

    package let subject: Subject
    package let version: Int

    /// Nil for messages about something else.
    package init?(_ payload: [UInt8]) {
        // The channel carries much else, which is told apart by its first letter.
        guard let first = payload.first, first == 0x6B || first == 0x63 || first == 0x70 else { return nil }
        let words = String(decoding: payload, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let version = Int(words[2]) else { return nil }
        switch words[0] {
        case "key":
            guard let digest = Digest(hexadecimal: String(words[1])) else { return nil }
            subject = .key(digest)
        case "consumer": subject = .consumer(String(words[1]))
        case "plan": subject = .plan(String(words[1]))
        default: return nil
        }
        self.version = version
    }
}
