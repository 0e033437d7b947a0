/// `CDN-Cache-Control` (RFC 9213): directives for caches like this one, which then count instead of `Cache-Control` and
/// `Expires`. It is a structured dictionary (RFC 8941): one mistake, and none of it counts.
package enum TargetedDirectives {
    /// Nil if the lines are no valid dictionary, or an empty one (RFC 9213 §2.1).
    package static func parse(_ lines: [[UInt8]]) -> CacheDirectives? {
        var members: [String: Member] = [:]
        for line in lines {
            guard line.withUnsafeBufferPointer({ read($0, into: &members) }) else { return nil }
        }
        guard !members.isEmpty else { return nil }
        var directives = CacheDirectives()
        let isMistyped = members.contains { numbers.contains($0) && !$1.isNumber }
        for (name, member) in members {
            guard let text = member.directive(name) else { continue }
            Array(text.utf8).withUnsafeBufferPointer { directives.add($0) }
        }
        // What says no number where one belongs says nothing, and the fields for all caches count; unless it forbids.
        let forbids = directives.noStore || directives.noCache || directives.isPrivate
        return isMistyped && !forbids ? nil : directives
    }

    private static let numbers: Set = [
        "max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "min-fresh", "max-stale",
    ]

    private enum Member {
        case flag(Bool), number(Int), other

        var isNumber: Bool { if case .number = self { true } else { false } }

        /// The member as `Cache-Control` would have it; one of the wrong type is left out (RFC 9213 §2.1).
        func directive(_ name: String) -> String? {
            let takesNumber = numbers.contains(name)
            switch self {
            case .flag(true) where !takesNumber: return name
            case .number(let value) where takesNumber: return "\(name)=\(max(value, 0))"
            // With names of fields these are about a part; to take them for the whole is allowed (RFC 9111 §5.2.2.4).
            case .other where name == "private" || name == "no-cache": return name
            default: return nil
            }
        }
    }

    private static func read(_ line: FieldText, into members: inout [String: Member]) -> Bool {
        var reader = Reader(line)
        reader.skipBlanks()
        guard !reader.isAtEnd else { return true }
        while true {
            guard let key = reader.key() else { return false }
            guard let member = reader.member() else { return false }
            members[key] = member
            reader.skipBlanks()
            if reader.isAtEnd { return true }
            guard reader.take(UInt8(ascii: ",")) else { return false }
            reader.skipBlanks()
            // A comma at the end promises a member (RFC 8941 §4.2.2).
            if reader.isAtEnd { return false }
        }
    }

    /// As much of RFC 8941 §4.2 as dictionaries of simple items need.
    private struct Reader {
        private let text: FieldText
        private var position = 0

        init(_ text: FieldText) { self.text = text }

        var isAtEnd: Bool { position >= text.count }
        private var next: UInt8 { isAtEnd ? 0 : text[position] }

        mutating func skipBlanks() { while isBlank(next) { position += 1 } }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte, !isAtEnd else { return false }
            position += 1
            return true
        }

        mutating func key() -> String? {
            let start = position
            guard isLetter(next) || next == UInt8(ascii: "*") else { return nil }
            while isLetter(next) || isDigit(next) || "_-.*".utf8.contains(next) && !isAtEnd { position += 1 }
            return String(decoding: text[start..<position], as: UTF8.self)
        }

        mutating func member() -> Member? {
            guard take(UInt8(ascii: "=")) else { return parameters() ? .flag(true) : nil }
            if take(UInt8(ascii: "(")) { return innerList() && parameters() ? .other : nil }
            guard let item = item(), parameters() else { return nil }
            return item
        }

        /// After its opening bracket (RFC 8941 §4.2.1.2).
        private mutating func innerList() -> Bool {
            while true {
                while take(UInt8(ascii: " ")) {}
                if take(UInt8(ascii: ")")) { return true }
                guard item() != nil, parameters(), next == UInt8(ascii: " ") || next == UInt8(ascii: ")") else {
                    return false
                }
            }
        }

        /// After its opening colon (RFC 8941 §4.2.7).
        private mutating func bytes() -> Bool {
            while isLetter(next | 0x20) || isDigit(next) || "+/=".utf8.contains(next) { position += 1 }
            return take(UInt8(ascii: ":"))
        }

        private mutating func item() -> Member? {
            if take(UInt8(ascii: "?")) {
                if take(UInt8(ascii: "1")) { return .flag(true) }
                return take(UInt8(ascii: "0")) ? .flag(false) : nil
            }
            if next == UInt8(ascii: "-") || isDigit(next) { return number() }
            if take(UInt8(ascii: ":")) { return bytes() ? .other : nil }
            if next == UInt8(ascii: "\"") { return string() ? .other : nil }
            guard isLetter(next | 0x20) || next == UInt8(ascii: "*") else { return nil }
            while !isAtEnd, isTokenByte(next) { position += 1 }
            return .other
        }

        private mutating func number() -> Member? {
            let isNegative = take(UInt8(ascii: "-"))
            let start = position
            var value = 0
            while isDigit(next), position - start < 16 {
                value = value * 10 + Int(next &- 0x30)
                position += 1
            }
            guard position > start, position - start <= 15 else { return nil }
            if take(UInt8(ascii: ".")) {
                let fraction = position
                while isDigit(next) { position += 1 }
                return (1...3).contains(position - fraction) ? .other : nil
            }
            return .number(isNegative ? -value : value)
        }

        private mutating func string() -> Bool {
            position += 1
            while !isAtEnd {
                let byte = next
                position += 1
                if byte == UInt8(ascii: "\"") { return true }
                if byte == UInt8(ascii: "\\") {
                    guard next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") else { return false }
                    position += 1
                } else if byte < 0x20 || byte > 0x7E {
                    return false
                }
            }
            return false
        }

        private mutating func parameters() -> Bool {
            while take(UInt8(ascii: ";")) {
                skipBlanks()
                guard key() != nil else { return false }
                if take(UInt8(ascii: "=")), item() == nil { return false }
            }
            return true
        }

        private func isLetter(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
        private func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
        private func isTokenByte(_ byte: UInt8) -> Bool {
            isLetter(byte | 0x20) || isDigit(byte) || "!#$%&'*+-.^_`|~:/".utf8.contains(byte)
        }
    }
}
