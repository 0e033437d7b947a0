/// The bytes of a field's name or value, read in place.
package typealias FieldText = UnsafeBufferPointer<UInt8>

extension FieldText {
    /// Equal without regard to case; `text` is lower case.
    func isCaseless(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where lowerCase(self[index]) != text.utf8Start[index] { return false }
        return true
    }

    /// Without blanks around it (OWS, RFC 9110 §5.6.3).
    var withoutBlanks: FieldText {
        var (first, end) = (0, count)
        while first < end, isBlank(self[first]) { first += 1 }
        while end > first, isBlank(self[end - 1]) { end -= 1 }
        return FieldText(rebasing: self[first..<end])
    }

    /// Calls `body` with each element of a list that is separated by `separator`, outside of quoted strings; empty ones
    /// are left out (RFC 9110 §5.6.1). A quote that is never closed hides nothing of what follows it.
    /// - Parameter hasEscapes: false for entity tags, in which a backslash is a byte like others (RFC 9110 §8.8.3).
    func forEachPart(
        separatedBy separator: UInt8 = UInt8(ascii: ","), hasEscapes: Bool = true, keepsEmpty: Bool = false,
        _ body: (FieldText) -> Void
    ) {
        var (start, index, hasClosing) = (0, 0, true)
        while index <= count {
            if index == count || self[index] == separator {
                let part = FieldText(rebasing: self[start..<index]).withoutBlanks
                if keepsEmpty || !part.isEmpty { body(part) }
                start = index + 1
            } else if hasClosing, self[index] == UInt8(ascii: "\"") {
                if let closing = closingQuote(after: index, hasEscapes) { index = closing } else { hasClosing = false }
            }
            index += 1
        }
    }

    private func closingQuote(after opening: Int, _ hasEscapes: Bool) -> Int? {
        var index = opening + 1
        while index < count {
            if self[index] == UInt8(ascii: "\"") { return index }
            index += hasEscapes && self[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// Whether it is a name of a field (RFC 9110 §5.6.2).
    var isToken: Bool {
        !isEmpty
            && allSatisfy {
                lowerCase($0) &- 0x61 < 26 || $0 &- 0x30 < 10 || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    /// The two sides of the first `=`; the right one is nil if there is none.
    var pair: (name: FieldText, value: FieldText?) {
        guard let equals = firstIndex(of: UInt8(ascii: "=")) else { return (self, nil) }
        return (
            FieldText(rebasing: self[..<equals]).withoutBlanks, FieldText(rebasing: self[(equals + 1)...]).withoutBlanks
        )
    }

    /// Whether a blank stands beside the first `=`.
    var hasBlankInPair: Bool {
        guard let equals = firstIndex(of: UInt8(ascii: "=")) else { return false }
        return equals > 0 && isBlank(self[equals - 1]) || equals + 1 < count && isBlank(self[equals + 1])
    }

    /// Lower-case text of a name.
    var lowerCaseName: String { String(decoding: map(lowerCase), as: UTF8.self) }

    /// What stands between the quotes, or the bytes themselves if there are none.
    var withoutQuotes: FieldText {
        guard count >= 2, first == UInt8(ascii: "\""), last == UInt8(ascii: "\"") else { return self }
        return FieldText(rebasing: self[1..<(count - 1)])
    }

    /// Non-negative decimal digits and nothing else; what is too large is as large as can be told (RFC 9111 §1.2.2).
    var deltaSeconds: Int? {
        guard !isEmpty else { return nil }
        var value = 0
        for byte in self {
            guard byte &- 0x30 <= 9 else { return nil }
            value = Swift.min(value * 10 + Int(byte &- 0x30), 1 << 31)
        }
        return value
    }
}

@inline(__always)
func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

@inline(__always)
func lowerCase(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
