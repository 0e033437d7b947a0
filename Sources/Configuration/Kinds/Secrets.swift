/// Secrets: never shown in a message, and readable from a file with `file:PATH`.
extension Kind where Value == Secret {
    /// The longest file that holds a secret.
    private static var mostBytes: Int { 64 << 10 }

    static func secret(_ noun: String) -> Kind {
        Kind(noun: noun, schema: { _ in ["type": "string"] }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            guard text.value.hasPrefix("file:") else {
                if !text.isInterpolated { reader.context.noteInlineSecret(at: reader) }
                return Secret(text.value)
            }
            return readFile(String(text.value.dropFirst("file:".count)), reader)
        }
    }

    /// The file's content without the newline that editors leave at the end.
    private static func readFile(_ path: String, _ reader: NodeReader) -> Secret? {
        guard var bytes = reader.content(ofFile: path, atMost: mostBytes) else { return nil }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        return Secret(bytes)
    }
}
