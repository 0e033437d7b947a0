extension Kind where Value == [UInt8] {
    /// The content of a file in PEM.
    static func pemFile(_ noun: String) -> Kind {
        let mostBytes = 1 << 20
        return Kind(noun: "the path of \(noun) in PEM", schema: { _ in ["type": "string"] }) { reader, noun in
            guard let path = reader.text(expected: noun)?.value else { return nil }
            do {
                let bytes = try reader.context.readFile(path)
                let isPEM = bytes.count <= mostBytes && String(decoding: bytes, as: UTF8.self).contains("-----BEGIN ")
                if !isPEM { reader.report("the file \(quoted(path)) is not in PEM", hint: "expected \(noun)") }
                return isPEM ? bytes : nil
            } catch {
                reader.report(
                    "cannot read the file \(quoted(path)): \(error)",
                    hint: "paths are relative to the configuration file")
                return nil
            }
        }
    }
}
