/// Field names between `.proto` files (snake case) and JSON (lower camel case).
enum FieldName {
    /// How protoc derives a JSON name.
    static func camel(_ name: some StringProtocol) -> String {
        var text: [UInt8] = []
        var isAfterUnderscore = false
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                isAfterUnderscore = true
                continue
            }
            text.append(isAfterUnderscore && isLower(byte) ? byte - 32 : byte)
            isAfterUnderscore = false
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The opposite for the paths of a field mask; nil where the name has an underscore, since two spellings would
    /// then mean one field.
    static func snake(_ name: some StringProtocol) -> String? {
        var text: [UInt8] = []
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") { return nil }
            if isUpper(byte) {
                text.append(UInt8(ascii: "_"))
                text.append(byte + 32)
            } else {
                text.append(byte)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
