/// Which responses are worth compressing.
package struct CompressionRules: Hashable, Sendable {
    /// Names of codings, the preferred one first.
    package var encodings = ["br", "zstd", "gzip"]
    /// Shorter bodies gain nothing, if their length is known. Bytes.
    package var minimumBytes = 1024
    /// Media types in lower case: `application/json`, `text/*`, `*+json`.
    package var types = CompressionRules.textTypes

    package init() {}

    package static let textTypes = [
        "text/*", "application/json", "*+json", "application/xml", "*+xml", "application/javascript",
        "application/x-ndjson", "application/wasm", "font/ttf",
    ]

    /// Whether a body of this type is worth it. Events are not: what is held back to be compressed comes too late.
    /// - Parameter type: the value of `Content-Type`.
    package func covers(type: UnsafeBufferPointer<UInt8>) -> Bool {
        var name: [UInt8] = []
        for byte in type {
            if byte == UInt8(ascii: ";") { break }
            if byte != 0x20, byte != 0x09 { name.append(byte &- 0x41 < 26 ? byte | 0x20 : byte) }
        }
        guard !name.elementsEqual("text/event-stream".utf8), !name.starts(with: "application/grpc".utf8) else {
            return false
        }
        return types.contains { pattern in
            if pattern.hasSuffix("*") { return name.starts(with: pattern.utf8.dropLast()) }
            if pattern.hasPrefix("*") {
                return name.count >= pattern.utf8.count
                    && name.suffix(pattern.utf8.count - 1).elementsEqual(pattern.utf8.dropFirst())
            }
            return name.elementsEqual(pattern.utf8)
        }
    }
}
