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
        value.forEachPart { name in
            if name.isToken { add(name: name.lowerCaseName) } else { isUnknown = true }
        }
    }

    package mutating func add(name: String) {
        let place = names.firstIndex { $0 >= name } ?? names.count
        if place < names.count, names[place] == name { return }
        guard name != "*", names.count < Self.maximumCount else { return isUnknown = true }
        names.insert(name, at: place)
    }

    package var text: String { names.joined(separator: ", ") }

    /// Appends one line of the field in the form in which values are compared: several lines as one, without blanks around
    /// commas, and without regard to case where case means nothing. A field that is there is never like one that is not
    /// (RFC 9111 §4.1).
    package static func normalise(_ value: FieldText, of name: String, into bytes: inout [UInt8]) {
        let comma = UInt8(ascii: ",")
        if !bytes.isEmpty { bytes.append(comma) }
        if isOneValue(name) {
            bytes.append(contentsOf: value.withoutBlanks)
        } else {
            let ignoresCase = name == "accept-encoding" || name == "accept-language" || name == "accept-charset"
            let isKnownList = ignoresCase || name == "accept"
            var isFirst = true
            value.forEachPart(keepsEmpty: !isKnownList) { part in
                if !isFirst { bytes.append(comma) }
                isFirst = false
                for byte in part { bytes.append(ignoresCase ? lowerCase(byte) : byte) }
            }
        }
        if name == "accept-language" { sortElements(&bytes) }
        if bytes.isEmpty { bytes.append(comma) }
    }

    /// The order of languages says nothing that a weight does not (RFC 9110 §12.5.4), so that it selects nothing either.
    private static func sortElements(_ bytes: inout [UInt8]) {
        let parts = bytes.split(separator: UInt8(ascii: ",")).sorted { $0.lexicographicallyPrecedes($1) }
        bytes = Array(parts.joined(separator: [UInt8(ascii: ",")]))
    }

    /// Fields in which a comma separates nothing: to leave one out would make two clients' values one.
    private static func isOneValue(_ name: String) -> Bool {
        switch name {
        case "authorization", "cookie", "from", "host", "origin", "proxy-authorization", "referer", "user-agent": true
        default: false
        }
    }
}
