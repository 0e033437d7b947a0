/// Plain scalars of YAML that its JSON schema takes for no text.
enum JSONLiteral {
    /// Whether the text is a number, a truth value or null in JSON (RFC 8259 §3, §6).
    static func isOne(_ text: String) -> Bool { ["true", "false", "null"].contains(text) || isNumber(text) }

    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Bool {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count > 0
        }
        func skip(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { guard digits() else { return false } }
        if skip(UInt8(ascii: ".")) { guard digits() else { return false } }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            if !skip(UInt8(ascii: "+")) { _ = skip(UInt8(ascii: "-")) }
            guard digits() else { return false }
        }
        return rest.isEmpty
    }
}
