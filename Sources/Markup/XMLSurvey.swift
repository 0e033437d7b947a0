/// What of an XML text is refused before a parser sees it: what would make parsing take long, or hide from this look.
///
/// libxml2 before 2.12 compares each attribute of an element with all others, and looks for each prefix among all that are in scope,
/// so that a text of a megabyte could keep a worker busy for minutes.
struct XMLSurvey {
    /// Of one element, and of namespaces that are in scope at once.
    static let mostAttributes = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// How many namespaces each open element has declared.
    private var declared: [Int] = []
    private var inScope = 0

    static func check(_ xml: UnsafeBufferPointer<UInt8>) throws(MarkupFailure) {
        var survey = XMLSurvey(bytes: xml)
        try survey.judgeEncoding()
        try survey.judgeTags()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    // MARK: The encoding

    /// In which `<` is the byte `<` and nothing else is, so that this look sees what the parser sees.
    private static let encodings = ["utf-8", "utf8", "us-ascii", "ascii", "iso-8859-", "windows-125"]

    private func judgeEncoding() throws(MarkupFailure) {
        let refusal = MarkupFailure("is in an encoding that is not accepted; expected UTF-8")
        // UTF-16 and UTF-32, with a mark at their start or without.
        guard !bytes.contains(0), !(bytes.count > 1 && bytes[0] >= 0xFE) else { throw refusal }
        let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        // Nor EBCDIC, which is known by its own `<`.
        guard bytes[start...].first(where: { $0 > 0x20 }) == UInt8(ascii: "<") else {
            throw MarkupFailure("is not well-formed XML, at line 1")
        }
        guard starts(with: "<?xml", at: start) else { return }
        let end = find("?>", from: start) ?? bytes.count
        let declaration = String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
            .lowercased()
        guard let place = declaration.firstRange(of: "encoding") else { return }
        let value = declaration[place.upperBound...].drop { " \t\r\n=\"'".contains($0) }
        guard Self.encodings.contains(where: { value.hasPrefix($0) }) else { throw refusal }
    }

    // MARK: The tags

    private mutating func judgeTags() throws(MarkupFailure) {
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                position += 1
                continue
            }
            if starts(with: "<!--", at: position) {
                skip(to: "-->", from: position + 4)
            } else if starts(with: "<![CDATA[", at: position) {
                skip(to: "]]>", from: position + 9)
            } else if starts(with: "<?", at: position) {
                skip(to: "?>", from: position + 2)
            } else if starts(with: "<!", at: position) {
                // What a DTD declares unfolds while it is read.
                throw MarkupFailure("has a DOCTYPE, which is not accepted")
            } else {
                try judgeTag()
            }
        }
    }

    private mutating func judgeTag() throws(MarkupFailure) {
        let start = position
        var quote: UInt8?
        var (attributes, namespaces) = (0, 0)
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: "=") {
                attributes += 1
                if declaresNamespace(before: position, after: start) { namespaces += 1 }
            } else if byte == UInt8(ascii: ">") {
                break
            }
            position += 1
        }
        guard attributes <= Self.mostAttributes else {
            throw MarkupFailure("has an element with more than \(Self.mostAttributes) attributes")
        }
        try enter(
            namespaces, isEnd: starts(with: "</", at: start),
            isEmpty: bytes[min(position, bytes.count) - 1] == UInt8(ascii: "/"))
        position += 1
    }

    private mutating func enter(_ namespaces: Int, isEnd: Bool, isEmpty: Bool) throws(MarkupFailure) {
        if isEnd {
            inScope -= declared.popLast() ?? 0
            return
        }
        guard inScope + namespaces <= Self.mostAttributes else {
            throw MarkupFailure("has more than \(Self.mostAttributes) namespaces in scope")
        }
        guard !isEmpty else { return }
        declared.append(namespaces)
        inScope += namespaces
    }

    private func declaresNamespace(before equals: Int, after start: Int) -> Bool {
        func isBlank(_ index: Int) -> Bool { bytes[index] <= 0x20 }
        var end = equals
        while end > start, isBlank(end - 1) { end -= 1 }
        var begin = end
        while begin > start, !isBlank(begin - 1) { begin -= 1 }
        return starts(with: "xmlns", at: begin)
    }

    // MARK: Looking

    private func starts(with text: StaticString, at index: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        guard index + count <= bytes.count else { return false }
        return (0..<count).allSatisfy { bytes[index + $0] == text.utf8Start[$0] }
    }

    private func find(_ text: StaticString, from index: Int) -> Int? {
        var index = index
        while index + text.utf8CodeUnitCount <= bytes.count {
            if bytes[index] == text.utf8Start[0], starts(with: text, at: index) { return index }
            index += 1
        }
        return nil
    }

    private mutating func skip(to mark: StaticString, from index: Int) {
        position = find(mark, from: index).map { $0 + mark.utf8CodeUnitCount } ?? bytes.count
    }
}
