/// Base64 with padding (RFC 4648 §4): Basic credentials, structured fields, digests. One text for each byte string, as for
/// `Base64URL`.
package enum Base64 {
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        let text = Base64URL.encode(bytes).map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        return text + [UInt8](repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
    }

    /// Nil for what is not the one canonical spelling of any bytes.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var letters = Array(text)
        for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
        for (index, byte) in letters.enumerated() {
            switch byte {
            case UInt8(ascii: "+"): letters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): letters[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: continue
            }
        }
        return letters.withUnsafeBytes { Base64URL.decode($0) }
    }
}
