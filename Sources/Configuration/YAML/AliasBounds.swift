/// Refuses, before the YAML is composed, the one shape whose cost cannot be bounded afterwards.
///
/// Expanded aliases are counted while the tree is built (`YAMLReading`). But Yams hashes the keys of each mapping as it
/// composes, and a *key* that is an alias to nested aliases is hashed in its expanded, exponential size. Such a key is
/// useless in a configuration, so a text that could hold one is refused. The estimate never falls short: with kᵢ aliases
/// between the i-th anchor and the next, no node expands to more than ∏(1 + kᵢ)² times the text. Quotes and comments
/// are not told apart, which can only raise it.
enum AliasBounds {
    private static let harmlessExpansion = 1e8

    static func couldExplode(_ text: String) -> Bool {
        // Looked for by the standard library, which is fast in debug builds too.
        guard text.utf8.contains(UInt8(ascii: "&")), text.utf8.contains(UInt8(ascii: "*")) else { return false }
        var expansion = 1.0
        var aliases = 0.0
        var hasCollectionKey = false
        var before = UInt8(ascii: "\n")
        var lastInk = UInt8(ascii: "\n")
        var isAfterAlias = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: ":"), isAfterAlias || closesCollection(lastInk) { hasCollectionKey = true }
            if before == UInt8(ascii: "?"), isSpace(byte) { hasCollectionKey = true }
            if byte == UInt8(ascii: "*"), opensToken(before) {
                aliases += 1
                isAfterAlias = true
            } else if isAfterAlias, !isSpace(byte), !isName(byte) || isSpace(before) {
                isAfterAlias = false
            }
            if byte == UInt8(ascii: "&"), opensToken(before) {
                expansion = min(expansion * (1 + aliases) * (1 + aliases), 1e300)
                aliases = 0
            }
            if !isSpace(byte) { lastInk = byte }
            before = byte
        }
        return hasCollectionKey && expansion * (1 + aliases) * (1 + aliases) > harmlessExpansion
    }

    private static func closesCollection(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte)
    }

    /// Letters and digits, `_`, `-`: what libyaml takes for a name of an anchor (it takes no other).
    private static func isName(_ byte: UInt8) -> Bool {
        let letter = byte | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter) || (0x30...0x39).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func opensToken(_ byte: UInt8) -> Bool {
        !isName(byte) || byte == UInt8(ascii: "-")
    }
}
