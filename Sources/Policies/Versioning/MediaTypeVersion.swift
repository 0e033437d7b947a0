/// How a version is told in `Accept`: `application/vnd.api+json;version={version}`, `application/vnd.shop.v{version}+json`.
///
/// The first form is a parameter of a media type, the second a part of its name. `*/*;version={version}` takes any type.
package struct MediaTypeVersion: Hashable, Sendable {
    /// Text around the version, or the whole with nothing after it; in lower case.
    private struct Framed: Hashable, Sendable {
        let head: [UInt8]
        /// Nil: there is no version in it.
        let tail: [UInt8]?

        init?(_ text: Substring) {
            let parts = String(text).components(around: "{version}")
            guard parts.count <= 2, !text.isEmpty else { return nil }
            head = Array(parts[0].utf8)
            tail = parts.count == 2 ? Array(parts[1].utf8) : nil
        }

        /// The version in a text that fits; nil if it doesn't. Without a version, what fits gives an empty one.
        func version(in text: Bytes) -> Bytes? {
            guard text.count >= head.count + (tail?.count ?? 0), Self.equals(text.prefix(head.count), head) else {
                return nil
            }
            guard let tail else { return text.count == head.count ? Bytes(rebasing: text[..<0]) : nil }
            guard Self.equals(text.suffix(tail.count), tail) else { return nil }
            return Bytes(rebasing: text[head.count..<text.count - tail.count])
        }

        private static func equals(_ text: Slice<Bytes>, _ lower: [UInt8]) -> Bool {
            text.elementsEqual(lower) { ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }
        }
    }

    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// Nil: any type.
    private let type: Framed?
    /// The parameter that tells the version, by its name in lower case; nil: the type does.
    private let parameter: (name: [UInt8], value: Framed)?
    package let text: String

    /// Why a text is none: a sentence for the user.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    package init(_ text: String) throws(Malformed) {
        let malformed = Malformed(
            reason: "expected a media type with {version} once, such as application/vnd.api+json;version={version}")
        guard text.components(around: "{version}").count == 2 else { throw malformed }
        let parts = text.lowercased().split(separator: ";", omittingEmptySubsequences: false).map(\.trimmedBlanks)
        guard let first = parts.first, first.split(separator: "/", omittingEmptySubsequences: false).count == 2,
            parts.count <= 2
        else { throw malformed }
        self.text = text
        guard let type = Framed(first) else { throw malformed }
        self.type = first == "*/*" ? nil : type
        guard parts.count == 2 else {
            parameter = nil
            return
        }
        let pair = parts[1].split(separator: "=", maxSplits: 1)
        guard type.tail == nil, pair.count == 2, !pair[0].contains("{"), let value = Framed(pair[1]) else {
            throw malformed
        }
        parameter = (Array(pair[0].utf8), value)
    }

    package static func == (left: MediaTypeVersion, right: MediaTypeVersion) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    // MARK: Choosing

    /// What a client asks for, of one or more lines of `Accept`.
    struct Asked {
        /// The best version that there is, by quality and then by order.
        var known: Int?
        fileprivate var quality = 0
        /// A version was named that there isn't.
        var namesUnknown = false
    }

    /// Adds what a line of `Accept` says.
    /// - Parameter find: the number of a version by its name.
    func read(_ line: Bytes, into asked: inout Asked, find: (Bytes) -> Int?) {
        forEachPart(of: line, apartBy: UInt8(ascii: ",")) { element in
            guard let (version, quality) = version(in: element), quality > 0 else { return }
            guard let known = find(version) else { return asked.namesUnknown = true }
            if quality > asked.quality { (asked.known, asked.quality) = (known, quality) }
        }
    }

    /// The version that a media range names, and its quality in thousandths; nil if it names none.
    private func version(in element: Bytes) -> (Bytes, quality: Int)? {
        var version: Bytes?
        var quality = 1000
        var isFirst = true
        var fits = true
        forEachPart(of: element, apartBy: UInt8(ascii: ";")) { part in
            if isFirst {
                isFirst = false
                guard let type else { return }
                let found = type.version(in: part)
                if found == nil { fits = false }
                if parameter == nil { version = found }
            } else if let equals = part.firstIndex(of: UInt8(ascii: "=")) {
                let name = Bytes(rebasing: part[..<equals])
                let value = Self.unquoted(Bytes(rebasing: part[(equals + 1)...]))
                // What is no quality counts as none given.
                if Self.isName(name, [UInt8(ascii: "q")]) { quality = QualityValue.thousandths(value) ?? 1000 }
                if let parameter, Self.isName(name, parameter.name) { version = parameter.value.version(in: value) }
            }
        }
        guard fits, let version, !version.isEmpty else { return nil }
        return (version, quality)
    }

    private static func isName(_ text: Bytes, _ lower: [UInt8]) -> Bool {
        text.elementsEqual(lower) { ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }
    }

    private static func unquoted(_ value: Bytes) -> Bytes {
        guard value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") else {
            return value
        }
        return Bytes(rebasing: value[1..<value.count - 1])
    }

    /// Without blanks around them; marks within quotes are no borders.
    private func forEachPart(of text: Bytes, apartBy mark: UInt8, _ body: (Bytes) -> Void) {
        var start = 0
        var isQuoted = false
        for index in 0...text.count {
            if index < text.count {
                if text[index] == UInt8(ascii: "\"") { isQuoted.toggle() }
                guard text[index] == mark, !isQuoted else { continue }
            }
            var (first, end) = (start, index)
            while first < end, text[first] == 0x20 || text[first] == 0x09 { first += 1 }
            while end > first, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
            if first < end { body(Bytes(rebasing: text[first..<end])) }
            start = index + 1
        }
    }
}

extension Substring {
    fileprivate var trimmedBlanks: Substring {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
