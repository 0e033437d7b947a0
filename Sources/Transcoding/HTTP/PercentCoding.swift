import JSON

/// Percent-encoding of paths, query parameters (WHATWG forms) and `grpc-message`.
enum PercentCoding {
    /// Nil where a `%` has no two hexadecimal digits behind it.
    static func decode(
        _ text: some Collection<UInt8>, keepsSlash: Bool = false, plusIsSpace: Bool = false
    ) -> [UInt8]? {
        if !text.contains(UInt8(ascii: "%")), !plusIsSpace { return Array(text) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(0x20)
                continue
            }
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst(), let low = rest.popFirst(), let upper = hexValue(high),
                let lower = hexValue(low)
            else { return nil }
            let decoded = upper << 4 | lower
            if keepsSlash, decoded == UInt8(ascii: "/") {
                bytes.append(contentsOf: [byte, high, low])
            } else {
                bytes.append(decoded)
            }
        }
        return bytes
    }
}
