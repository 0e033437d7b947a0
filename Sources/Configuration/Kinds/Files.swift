/// Files that the configuration names; they are read with it.
extension NodeReader {
    /// What the file holds; nil: it cannot be read or is too large, which is then reported.
    func content(ofFile path: String, atMost mostBytes: Int) -> [UInt8]? {
        do {
            let bytes = try context.content(ofFile: path)
            guard bytes.count > mostBytes else { return bytes }
            report("the file \(quoted(path)) is larger than \(SizeText.write(mostBytes))", hint: "is it the right one?")
        } catch {
            context.report(
                "cannot read the file \(quoted(path)): \(error)", hint: "paths are relative to the configuration file",
                kind: .elsewhere, at: node.place, path: self.path)
        }
        return nil
    }
}
