/// A text with references in braces, as it is written in a configuration: `"{claims.tenant | default(none) | lower}/{id}"`.
///
/// What a reference means is for whoever binds it (`Template.init`); here it is only a name. `{{` and `}}` stand for the
/// braces themselves.
package struct TemplateText: Hashable, Sendable {
    package enum Piece: Hashable, Sendable {
        case literal(String)
        case expression(TemplateExpression)
    }

    package let text: String
    package let pieces: [Piece]

    package static let mostBytes = 8192
    private static let mostExpressions = 64

    package init(_ text: String) throws(TemplateProblem) {
        guard text.utf8.count <= Self.mostBytes else {
            throw TemplateProblem("a template has at most \(Self.mostBytes) bytes", at: Self.mostBytes)
        }
        self.text = text
        var parser = TemplateParser(Array(text.utf8))
        pieces = try parser.pieces()
        guard expressions.count <= Self.mostExpressions else {
            throw TemplateProblem("a template has at most \(Self.mostExpressions) references", at: 0)
        }
    }

    package var expressions: [TemplateExpression] {
        pieces.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
    }
}

/// One reference: its name and what is done to its value, from left to right.
package struct TemplateExpression: Hashable, Sendable {
    /// What stands before the first `|`, without blanks around it.
    package let name: String
    package let filters: [TemplateFilter]
    /// Of its brace in the text, in bytes.
    package let offset: Int
}

/// Why a text is no template: a sentence for the user, and where in the text.
package struct TemplateProblem: Error, Hashable, Sendable {
    package let reason: String
    package let hint: String?
    /// Bytes from the start of the text.
    package let offset: Int

    package init(_ reason: String, hint: String? = nil, at offset: Int) {
        self.reason = reason
        self.hint = hint
        self.offset = offset
    }
}

private struct TemplateParser {
    private let bytes: [UInt8]
    private var position = 0
    private var literal: [UInt8] = []
    private var found: [TemplateText.Piece] = []

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func pieces() throws(TemplateProblem) -> [TemplateText.Piece] {
        while position < bytes.count {
            let byte = bytes[position]
            let isDoubled = position + 1 < bytes.count && bytes[position + 1] == byte
            switch byte {
            case UInt8(ascii: "{") where isDoubled, UInt8(ascii: "}") where isDoubled:
                literal.append(byte)
                position += 2
            case UInt8(ascii: "{"): try expression()
            case UInt8(ascii: "}"):
                throw TemplateProblem("\"}\" without \"{\"", hint: "write }} for the brace itself", at: position)
            default:
                literal.append(byte)
                position += 1
            }
        }
        endLiteral()
        return found
    }

    private mutating func endLiteral() {
        guard !literal.isEmpty else { return }
        found.append(.literal(String(decoding: literal, as: UTF8.self)))
        literal = []
    }

    private mutating func expression() throws(TemplateProblem) {
        endLiteral()
        let start = position
        position += 1
        var parts: [(text: String, offset: Int)] = []
        var partStart = position
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "|") || byte == UInt8(ascii: "}") {
                parts.append((Self.trimmed(bytes[partStart..<position]), partStart))
                partStart = position + 1
                if byte == UInt8(ascii: "}") { break }
            } else if byte == UInt8(ascii: "{") {
                throw TemplateProblem(
                    "\"{\" within a reference", hint: "write {{ for the brace itself, and close the one before it",
                    at: position)
            }
            position += 1
        }
        guard position < bytes.count else {
            throw TemplateProblem(
                "the brace is not closed", hint: "write {name}, or {{ for the brace itself", at: start)
        }
        position += 1
        guard let name = parts.first?.text, !name.isEmpty else {
            throw TemplateProblem("a reference without a name", hint: "write {name}", at: start)
        }
        var filters: [TemplateFilter] = []
        for part in parts.dropFirst() { filters.append(try TemplateFilter(part.text, at: part.offset)) }
        found.append(.expression(TemplateExpression(name: name, filters: filters, offset: start)))
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        var rest = bytes
        while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }
}
