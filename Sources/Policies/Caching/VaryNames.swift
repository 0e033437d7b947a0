/// The request fields by which a response was selected (RFC 9110 §12.5.5): lower case, sorted, each once.
package struct VaryNames: Hashable, Sendable {
    package private(set) var names: [String] = []
    /// `*`, or more names than anyone needs: no other request selects the same response for certain.
    package private(set) var isUnknown = false

    private static let maximumCount = 16

    package init() {}

    /// - Parameter text: names separated by commas, as `text` gives them.
    package init(_ text: String) {
        var text = text
        text.withUTF8 { add($0) }
    }

    package mutating func add(_ value: FieldText) {
        value.forEachPart { add(name: $0.lowerCaseName) }
    }

    package mutating func add(name: String) {
        guard name != "*", names.count < Self.maximumCount else { return isUnknown = true }
        let place = names.firstIndex { $0 >= name } ?? names.count
        if place < names.count, names[place] == name { return }
        names.insert(name, at: place)
    }

    package var text: String { names.joined(separator: ", ") }

    /// Appends the field's value in the form in which values are compared: without blanks around commas, several lines
    /// as one, and without regard to case where case means nothing.
    package static func normalise(_ value: FieldText, of name: String, into bytes: inout [UInt8]) {
        let ignoresCase = name == "accept-encoding" || name == "accept-language" || name == "accept-charset"
        value.forEachPart { part in
            if bytes.last != UInt8(ascii: "="), !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
            for byte in part { bytes.append(ignoresCase ? lowerCase(byte) : byte) }
        }
    }
}
