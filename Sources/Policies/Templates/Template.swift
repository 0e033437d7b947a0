/// A template whose references are bound to what they mean where it is used: `RequestReference` in routes, results of
/// steps in aggregations. Immutable; rendering allocates nothing but what the output grows by, unless filters are used.
package struct Template<Reference: Hashable & Sendable>: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal([UInt8])
        case value(Reference, [TemplateFilter])
    }

    /// As it was written.
    package let text: String
    let parts: [Part]
    /// In their order, repetitions included.
    package let references: [Reference]

    /// - Parameter bind: what a reference means; throws for a name that means nothing.
    package init(
        _ text: TemplateText, bind: (TemplateExpression) throws(TemplateProblem) -> Reference
    ) throws(TemplateProblem) {
        var parts: [Part] = []
        var references: [Reference] = []
        for piece in text.pieces {
            switch piece {
            case .literal(let literal): parts.append(.literal(Array(literal.utf8)))
            case .expression(let expression):
                let reference = try bind(expression)
                references.append(reference)
                parts.append(.value(reference, expression.filters))
            }
        }
        self.text = text.text
        self.parts = parts
        self.references = references
    }

    /// A text that refers to nothing, whatever it looks like.
    package init(constant text: String) { self.init(text, [.literal(Array(text.utf8))]) }

    private init(_ text: String, _ parts: [Part]) {
        self.text = text
        self.parts = parts
        references = parts.compactMap { if case .value(let reference, _) = $0 { reference } else { nil } }
    }

    /// What stands before the first such byte of its own text, and the rest; nil: there is none.
    func split(before byte: UInt8) -> (head: Template, tail: Template)? {
        for (place, part) in parts.enumerated() {
            guard case .literal(let literal) = part, let index = literal.firstIndex(of: byte) else { continue }
            return (
                Template(text, parts[..<place] + [.literal(Array(literal[..<index]))]),
                Template(text, [.literal(Array(literal[index...]))] + parts[(place + 1)...])
            )
        }
        return nil
    }

    /// The text itself, if it refers to nothing.
    package var constant: [UInt8]? {
        guard references.isEmpty else { return nil }
        return parts.flatMap { part -> [UInt8] in if case .literal(let bytes) = part { bytes } else { [] } }
    }

    /// The template is one reference and nothing else, whose value may then be more than text.
    package var onlyReference: Reference? {
        if parts.count == 1, case .value(let reference, let filters) = parts[0], filters.isEmpty {
            reference
        } else {
            nil
        }
    }

    /// What rendering met.
    package struct Outcome: Hashable, Sendable {
        /// References that had a value, or one that stood in.
        package var present = 0
        package var missing = 0

        /// Whether there is something to say: false if all that the template refers to is missing.
        package var isWorthSending: Bool { present > 0 || missing == 0 }
    }

    /// Appends the text with its values, each made fit for `place`, whatever it holds. A missing value is empty.
    /// - Parameter literalIsEncoded: false: the template's own text is made fit as well.
    package func render<Values: TemplateValues>(
        into output: inout [UInt8], for place: TemplatePlace, from values: Values, literalIsEncoded: Bool = true
    ) -> Outcome where Values.Reference == Reference {
        var outcome = Outcome()
        for part in parts {
            switch part {
            case .literal(let literal) where literalIsEncoded && place != .json: output.append(contentsOf: literal)
            case .literal(let literal): literal.withUnsafeBufferPointer { place.append($0, to: &output) }
            case .value(let reference, let filters):
                let isPresent =
                    filters.isEmpty
                    ? Self.append(reference, to: &output, place, values)
                    : Self.append(reference, filters, to: &output, place, values)
                if isPresent { outcome.present += 1 } else { outcome.missing += 1 }
            }
        }
        return outcome
    }

    private static func append<Values: TemplateValues>(
        _ reference: Reference, to output: inout [UInt8], _ place: TemplatePlace, _ values: Values
    ) -> Bool where Values.Reference == Reference {
        var isPresent = false
        values.withValue(of: reference) { bytes, coding in
            isPresent = !bytes.isEmpty
            switch coding {
            case .plain: place.append(bytes, to: &output)
            // What came as a path goes into a path as it came: it has been normalised.
            case .percent where place == .path: output.append(contentsOf: bytes)
            // No two spellings of a path make one tag.
            case .percent where place == .tag: place.append(bytes, to: &output)
            case .percent, .form:
                var decoded: [UInt8] = []
                PercentText.appendDecoded(bytes, to: &decoded, plusIsSpace: coding == .form)
                decoded.withUnsafeBufferPointer { place.append($0, to: &output) }
            }
        }
        return isPresent
    }

    private static func append<Values: TemplateValues>(
        _ reference: Reference, _ filters: [TemplateFilter], to output: inout [UInt8], _ place: TemplatePlace,
        _ values: Values
    ) -> Bool where Values.Reference == Reference {
        var value: [UInt8] = []
        // Slashes of a path stay slashes, unless a filter has to see what the text stands for.
        let keepsEncoding = (place == .path || place == .tag) && !filters.contains(where: \.readsText)
        var isPath = false
        values.withValue(of: reference) { bytes, coding in
            isPath = keepsEncoding && coding == .percent && !bytes.isEmpty
            if coding == .plain || isPath {
                value.append(contentsOf: bytes)
            } else {
                PercentText.appendDecoded(bytes, to: &value, plusIsSpace: coding == .form)
            }
        }
        for filter in filters { filter.apply(&value) }
        if isPath, place == .path, !value.isEmpty {
            output.append(contentsOf: value)
        } else {
            value.withUnsafeBufferPointer { place.append($0, to: &output) }
        }
        return !value.isEmpty
    }
}

/// Where a template's values come from. A value's bytes are lent, so that no text has to be made of them.
package protocol TemplateValues<Reference> {
    associatedtype Reference: Hashable & Sendable

    /// Calls `body` once with the value, or not at all if there is none.
    func withValue(of reference: Reference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void)
}

/// How a value is written where it comes from.
package enum ValueCoding: Sendable { case plain, percent, form }

/// Where a template's text goes. What a value may not hold there is encoded, so that no value can end the place it stands
/// in: literal text of the template was checked with the configuration.
package enum TemplatePlace: Hashable, Sendable {
    /// A field's value: control characters, CR and LF among them, become spaces (RFC 9110 §5.5).
    case field
    /// A path: each value stays within one segment.
    case path
    /// The value of a query parameter.
    case query
    /// The value of a cookie (RFC 6265 §4.1.1): what may not stand there is percent-encoded.
    case cookie
    /// Within a string of JSON.
    case json
    /// A tag of the cache: what could be mistaken for a border between tags is percent-encoded, and so is `%`.
    case tag
    /// As it is.
    case plain

    package func append(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        switch self {
        case .field:
            for byte in bytes { output.append(byte < 0x20 && byte != 0x09 || byte == 0x7F ? 0x20 : byte) }
        case .path: PercentText.append(bytes, to: &output, keeping: PercentText.isSegmentByte)
        case .query: PercentText.append(bytes, to: &output, keeping: PercentText.isUnreserved)
        case .cookie: PercentText.append(bytes, to: &output, keeping: Self.isCookieByte)
        case .json: Self.appendJSON(bytes, to: &output)
        case .tag: PercentText.append(bytes, to: &output, keeping: Self.isTagByte)
        case .plain: output.append(contentsOf: bytes)
        }
    }

    private static func isTagByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"%,={}|".utf8.contains(byte)
    }

    private static func isCookieByte(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x25 && byte != 0x2C && byte != 0x3B && byte != 0x5C
    }

    /// Bytes that are no UTF-8 are repaired: JSON can't hold them (RFC 8259 §8.1).
    private static func appendJSON(_ bytes: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        guard bytes.allSatisfy({ $0 < 0x80 }) else {
            return appendEscaped(String(decoding: bytes, as: UTF8.self).utf8, to: &output)
        }
        appendEscaped(bytes, to: &output)
    }

    private static func appendEscaped(_ bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0..<0x20:
                output.append(contentsOf: "\\u00".utf8)
                output.append(byte >> 4 | 0x30)
                output.append(byte & 15 < 10 ? byte & 15 | 0x30 : byte & 15 + 0x57)
            default: output.append(byte)
            }
        }
    }
}
