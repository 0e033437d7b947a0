/// Certificates and keys, which are configured by the path of a file in PEM.
extension Kind where Value == [UInt8] {
    /// The content of the file; whether it can be used is for the TLS library to say.
    static func pemFile(_ noun: String) -> Kind {
        Kind(noun: "the path of \(noun) in PEM", schema: { _ in ["type": "string"] }) { reader, noun in
            guard let path = reader.text(expected: noun)?.value,
                let bytes = reader.content(ofFile: path, atMost: 1 << 20)
            else { return nil }
            guard String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ") else {
                reader.report("the file \(quoted(path)) is not in PEM", hint: "expected \(noun)")
                return nil
            }
            return bytes
        }
    }
}
