/// Base64 of `bytes` fields (RFC 4648): written in the standard alphabet with padding, read in either alphabet with or
/// without it, as the proto3 JSON mapping says.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let foreign: UInt8 = 0xFF
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: foreign, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        values[Int(UInt8(ascii: "-"))] = 62
        values[Int(UInt8(ascii: "_"))] = 63
        return values
    }()

    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var digits = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            let value = values[Int(character)]
            guard value != foreign, padding == 0 else { return nil }
            bits = bits << 6 | UInt32(value)
            digits += 1
            if digits % 4 == 0 { append(bits, 3, to: &bytes) }
        }
        let tail = digits % 4
        guard tail != 1, padding == 0 || (tail != 0 && padding == 4 - tail) else { return nil }
        if tail > 0 { append(bits << UInt32(6 * (4 - tail)), tail - 1, to: &bytes) }
        return bytes
    }

    private static func append(_ bits: UInt32, _ count: Int, to bytes: inout [UInt8]) {
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index))) }
    }

    static func append(_ bytes: some Collection<UInt8>, to text: inout [UInt8]) {
        var group: [UInt8] = []
        for byte in bytes {
            group.append(byte)
            if group.count == 3 {
                append(group: group, to: &text)
                group.removeAll(keepingCapacity: true)
            }
        }
        if !group.isEmpty { append(group: group, to: &text) }
    }

    private static func append(group: [UInt8], to text: inout [UInt8]) {
        var bits: UInt32 = 0
        for index in 0..<3 { bits = bits << 8 | UInt32(index < group.count ? group[index] : 0) }
        for index in 0..<4 {
            let isPadding = index > group.count
            text.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * index)) & 63])
        }
    }
}
