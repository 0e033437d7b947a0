/// A JSON text that was checked once and is kept as it came. Parts of it are found by walking over it, and passed on byte
/// by byte: numbers keep their digits, members their order, and nothing is built that nobody asks for.
///
/// Of members with the same name the last one counts, as in most parsers; passed on, both stand as they were.
package struct RawJSON: Sendable {
    package static let defaultMaximumDepth = 64
    package static let null = RawJSON(trusted: Array("null".utf8))

    private let whole: [UInt8]
    private let range: Range<Int>

    /// - Throws: where the text is not JSON (RFC 8259), is not UTF-8, or is nested too deep.
    package init(checking text: [UInt8], maximumDepth: Int = defaultMaximumDepth) throws(JSONFailure) {
        guard Self.isUTF8(text) else { throw JSONFailure("is not UTF-8", at: 0) }
        let found: Result<Range<Int>, JSONFailure> = text.withUnsafeBytes { bytes in
            Result { () throws(JSONFailure) in try Self.wholeValue(bytes, maximumDepth) }
        }
        whole = text
        range = try found.get()
    }

    /// - Parameter text: one JSON value without white space around it, which the caller has made.
    private init(trusted text: [UInt8]) {
        whole = text
        range = text.indices
    }

    private init(_ range: Range<Int>, of parent: RawJSON) {
        whole = parent.whole
        self.range = range
    }

    package static func string(_ value: String) -> RawJSON {
        var text: [UInt8] = []
        JSONWriter.append(value, to: &text)
        return RawJSON(trusted: text)
    }

    package static func number(_ value: Int) -> RawJSON { RawJSON(trusted: Array(String(value).utf8)) }

    package static func array(_ elements: [RawJSON]) -> RawJSON {
        var text = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += element.bytes
        }
        text.append(UInt8(ascii: "]"))
        return RawJSON(trusted: text)
    }

    private static func isUTF8(_ text: [UInt8]) -> Bool { (try? UTF8Span(validating: text.span)) != nil }

    private static func wholeValue(
        _ bytes: UnsafeRawBufferPointer, _ maximumDepth: Int
    ) throws(JSONFailure) -> Range<Int> {
        var scanner = JSONWalk(bytes, maximumDepth: maximumDepth)
        scanner.skipWhitespace()
        let start = scanner.position
        try scanner.skipValue()
        let end = scanner.position
        scanner.skipWhitespace()
        guard scanner.next == nil else { throw scanner.failure("expected the end of the text") }
        return start..<end
    }
}

// MARK: What it holds

extension RawJSON {
    /// The value as it came, without what stands around it.
    package var bytes: ArraySlice<UInt8> { whole[range] }
    package var isNull: Bool { whole[range.lowerBound] == UInt8(ascii: "n") }
    package var isObject: Bool { whole[range.lowerBound] == UInt8(ascii: "{") }
    package var isArray: Bool { whole[range.lowerBound] == UInt8(ascii: "[") }

    /// The value of a member; nil if there is none, or this is no object.
    package subscript(name: String) -> RawJSON? {
        guard isObject else { return nil }
        var found: Range<Int>?
        scan { scanner throws(JSONFailure) in
            try scanner.eachMember { member, value in
                if isNamed(member, name) { found = value }
                return true
            }
        }
        return found.map { RawJSON($0, of: self) }
    }

    /// Nil if this is no array.
    package var elements: [RawJSON]? {
        guard isArray else { return nil }
        var found: [RawJSON] = []
        scan { scanner throws(JSONFailure) in
            try scanner.eachElement {
                found.append(RawJSON($0, of: self))
                return true
            }
        }
        return found
    }

    /// An element, counted from 0.
    private func element(at wanted: Int) -> RawJSON? {
        guard isArray else { return nil }
        var index = -1
        var found: Range<Int>?
        scan { scanner throws(JSONFailure) in
            try scanner.eachElement { element in
                index += 1
                if index == wanted { found = element }
                return index < wanted
            }
        }
        return found.map { RawJSON($0, of: self) }
    }

    /// What the path leads to: names of members, places of elements, and `*` for all elements, which makes an array of what
    /// is found in each.
    package func value(at path: ArraySlice<String>) -> RawJSON? {
        guard let step = path.first else { return self }
        if step == "*", let elements {
            return .array(elements.compactMap { $0.value(at: path.dropFirst()) })
        }
        let next = isArray ? Int(step).flatMap { element(at: $0) } : self[step]
        return next?.value(at: path.dropFirst())
    }

    /// As text within other text: strings without their quotes, lists of such joined by commas, all else as it came. Nil for
    /// null.
    package var text: String? {
        switch whole[range.lowerBound] {
        case UInt8(ascii: "n"): return nil
        case UInt8(ascii: "\""): return string(within: range.dropFirst().dropLast())
        case UInt8(ascii: "["):
            let elements = self.elements ?? []
            guard elements.allSatisfy({ !$0.isObject && !$0.isArray }) else { break }
            return elements.map { $0.text ?? "" }.joined(separator: ",")
        default: break
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text was checked, so no scan of it can fail.
    private func scan(_ body: (inout JSONWalk) throws(JSONFailure) -> Void) {
        whole.withUnsafeBytes { bytes in
            var scanner = JSONWalk(bytes, at: range.lowerBound, maximumDepth: .max)
            do throws(JSONFailure) { try body(&scanner) } catch {}
        }
    }

    private func isNamed(_ member: Range<Int>, _ name: String) -> Bool {
        if whole[member].elementsEqual(name.utf8) { return true }
        return whole[member].contains(UInt8(ascii: "\\"))
            && string(within: member).map { isSameText($0, name) } ?? false
    }

    private func string(within range: Range<Int>) -> String? {
        guard whole[range].contains(UInt8(ascii: "\\")) else { return String(decoding: whole[range], as: UTF8.self) }
        let quoted = [UInt8(ascii: "\"")] + whole[range] + [UInt8(ascii: "\"")]
        return try? JSONReader.read(quoted, maximumBytes: .max).string
    }
}
