/// The `grpc-message` field: UTF-8, percent-encoded outside of printable ASCII (gRPC over HTTP/2, "Responses").
package enum GRPCMessageText {
    /// Longer texts are cut: they travel in a header block.
    package static let maximumBytes = 1024

    package static func encode(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for scalar in text.unicodeScalars {
            let bytes = UTF8.encode(scalar).map(Array.init) ?? []
            // A cut never falls into a character.
            guard encoded.count + bytes.count * 3 <= maximumBytes else { break }
            for byte in bytes {
                if (0x20...0x7E).contains(byte), byte != UInt8(ascii: "%") {
                    encoded.append(byte)
                } else {
                    encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
                }
            }
        }
        return encoded
    }

    /// Never fails: what is no valid escape stays as it is, what is no UTF-8 is replaced, as the specification asks.
    package static func decode(_ field: some Collection<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = field[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let decoded = PercentCoding.decode([byte] + rest.prefix(2)),
                decoded.count == 1
            {
                bytes += decoded
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
