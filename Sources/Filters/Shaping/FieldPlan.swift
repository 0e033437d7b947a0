import HTTPWire
import Policies

/// Changes to header fields, with names as bytes.
struct FieldPlan {
    private let dropped: [NamePattern]
    private let renamings: [(from: [UInt8], to: [UInt8])]
    private let added: [(name: [UInt8], value: Template<RequestReference>)]

    init(_ shaping: FieldShaping) {
        // What is set, or renamed to, replaces what there is of that name.
        dropped = (shaping.remove + shaping.set.map(\.name) + shaping.rename.map(\.to)).map(NamePattern.init)
        renamings = shaping.rename.map { (Array($0.from.utf8), Array($0.to.utf8)) }
        added = (shaping.set + shaping.add).map { (Array($0.name.utf8), $0.value) }
    }

    func drops(_ name: Bytes) -> Bool { dropped.contains { $0.matches(name) } }

    func renamed(_ name: Bytes) -> [UInt8]? {
        renamings.first { renaming in renaming.from.withUnsafeBufferPointer { $0.equalsIgnoringCase(name) } }?.to
    }

    var renames: Bool { !renamings.isEmpty }

    /// Appends the lines that are set and added, but for those whose values are missing.
    /// - Parameter scratch: memory that is used again.
    func append<Values: TemplateValues<RequestReference>>(
        to lines: ByteBuilder, from values: Values, _ scratch: inout [UInt8], where isWanted: (Bytes) -> Bool
    ) {
        for (name, template) in added where name.withUnsafeBufferPointer(isWanted) {
            scratch.removeAll(keepingCapacity: true)
            guard template.render(into: &scratch, for: .field, from: values).isWorthSending else { continue }
            lines.append(name)
            lines.append(": ")
            lines.append(scratch)
            lines.append("\r\n")
        }
    }
}

/// A name, or the beginning of names.
struct NamePattern {
    private let text: [UInt8]
    private let isPrefix: Bool

    init(_ text: String) {
        isPrefix = text.hasSuffix("*")
        self.text = Array((isPrefix ? text.dropLast() : text[...]).utf8)
    }

    /// Without regard to case, as fields compare.
    func matches(_ name: Bytes) -> Bool {
        text.withUnsafeBufferPointer { text in
            guard isPrefix ? name.count >= text.count : name.count == text.count else { return false }
            return name.slice(0, text.count).equalsIgnoringCase(text)
        }
    }

    func matchesExactly(_ name: Bytes) -> Bool {
        isPrefix ? name.starts(with: text) : name.elementsEqual(text)
    }

    /// A name of a query, which may be percent-encoded.
    func matchesEncoded(_ name: Bytes) -> Bool {
        if matchesExactly(name) { return true }
        guard name.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return false }
        var decoded: [UInt8] = []
        PercentText.appendDecoded(name, to: &decoded, plusIsSpace: true)
        return decoded.withUnsafeBufferPointer(matchesExactly)
    }
}
