/// Reads a mapping with known keys. Asking for a key declares it: what was asked for is valid, all else is reported.
///
/// The same questions, asked of an empty mapping, draw the JSON Schema; so each section's reading function asks for all
/// its keys every time, in the order of the documentation, and only then decides.
final class SectionReader {
    let reader: NodeReader
    private let entries: [ConfigurationNode.Entry]
    private var known: [String] = []
    private var later: [String] = []
    private let drawing: SectionDrawing?

    init(_ reader: NodeReader, drawing: SectionDrawing? = nil) {
        self.reader = reader
        self.drawing = drawing
        if case .mapping(let entries) = reader.node.content { self.entries = entries } else { self.entries = [] }
    }

    var context: ReadingContext { reader.context }

    /// A key that must be there. Nil: it is not, or its value is not valid; either has been reported.
    func required<Value>(_ name: String, _ kind: Kind<Value>, _ doc: String) -> Value? {
        declare(name, kind, doc, isRequired: true)
        guard let entry = entry(name) else {
            if drawing == nil { reader.report("the key \(quoted(name)) is missing", hint: "it holds \(kind.noun)") }
            return nil
        }
        return kind.read(reader.entry(entry))
    }

    /// A key that may be absent. An invalid value is reported, and reads like an absent one.
    func optional<Value>(_ name: String, _ kind: Kind<Value>, _ doc: String) -> Value? {
        declare(name, kind, doc)
        return entry(name).flatMap { kind.read(reader.entry($0)) }
    }

    /// A key that has a default.
    func value<Value>(_ name: String, _ kind: Kind<Value>, default value: Value, _ doc: String) -> Value {
        declare(name, kind, doc, default: kind.write?(value))
        return entry(name).flatMap { kind.read(reader.entry($0)) } ?? value
    }

    /// Keys of PRODUCT.md that this version does not have yet; reported when used. True: one of them is.
    @discardableResult
    func later(_ names: String...) -> Bool {
        later += names
        var isUsed = false
        for name in names {
            guard let entry = entry(name) else { continue }
            isUsed = true
            NodeReader(
                node: ConfigurationNode(place: entry.keyPlace, content: entry.value.content),
                path: .key(name, in: reader.path), context: context
            ).reportNotYet()
        }
        return isUsed
    }

    /// Whether the key is written, whatever its value.
    func has(_ name: String) -> Bool { entry(name) != nil }

    /// Whether the key is written with anything but this word, valid or not.
    func hasValue(_ name: String, otherThan word: String) -> Bool {
        entry(name).map { !reader.entry($0).isWord(word) } ?? false
    }

    /// The value of a key, for problems that concern it; the section's own place when it is not written.
    func place(of name: String) -> NodeReader { entry(name).map { reader.entry($0) } ?? reader }

    /// Called once after reading: what was written but never asked for.
    func reportUnknownKeys() {
        for entry in entries where !known.contains(entry.key) && !later.contains(entry.key) {
            let hint =
                context.suggestion(for: entry.key, among: known + later)
                ?? (known.isEmpty ? "no keys are expected here" : "known keys: \(known.joined(separator: ", "))")
            context.report("unknown key \(quoted(entry.key))", hint: hint, at: entry.keyPlace, path: reader.path)
        }
    }

    private func entry(_ name: String) -> ConfigurationNode.Entry? { entries.first { $0.key == name } }

    private func declare<Value>(
        _ name: String, _ kind: Kind<Value>, _ doc: String, isRequired: Bool = false, default: JSON? = nil
    ) {
        known.append(name)
        drawing?.add(name, kind, doc, isRequired: isRequired, default: `default`)
    }
}
