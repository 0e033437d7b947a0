/// Field lines of a stored response, each ended by CRLF.
package enum StoredFields {
    /// The stored lines as a 304 renews them (RFC 9111 §3.2): its fields replace those of the same name, except those that
    /// describe the stored body.
    package static func renewed(_ stored: [UInt8], by fresh: [UInt8]) -> [UInt8] {
        var replaced = Set<String>()
        forEachLine(fresh) { name, _ in replaced.insert(name) }
        replaced.subtract(describingBody)
        var result: [UInt8] = []
        forEachLine(stored) { name, line in if !replaced.contains(name) { result.append(contentsOf: line) } }
        forEachLine(fresh) { name, line in if replaced.contains(name) { result.append(contentsOf: line) } }
        return result
    }

    /// Only the lines that a 304 carries (RFC 9110 §15.4.5), and none of those that describe a body.
    package static func ofNotModified(_ stored: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        forEachLine(stored) { name, line in
            if !describingBody.contains(name), !describingContent.contains(name) { result.append(contentsOf: line) }
        }
        return result
    }

    /// Without the lines of these names (lower case).
    package static func without(_ names: Set<String>, _ lines: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        forEachLine(lines) { name, line in if !names.contains(name) { result.append(contentsOf: line) } }
        return result
    }

    /// The facts of stored lines, as if they had just come.
    package static func facts(_ lines: [UInt8], status: Int, now: Int) -> CacheResponseFacts {
        var facts = CacheResponseFacts(status: status, now: now)
        lines.withUnsafeBufferPointer { bytes in
            forEachRange(bytes) { name, value, _ in
                facts.add(name: FieldText(rebasing: bytes[name]), value: FieldText(rebasing: bytes[value]))
            }
        }
        return facts
    }

    private static let describingBody: Set<String> = [
        "content-length", "content-encoding", "content-range", "transfer-encoding",
    ]

    /// What a client that has the body knows of it.
    private static let describingContent: Set<String> = ["content-type", "content-language"]

    /// - Parameter body: gets names in lower case, and values without blanks around.
    package static func forEachField(_ lines: [UInt8], _ body: (_ name: String, _ value: String) -> Void) {
        lines.withUnsafeBufferPointer { bytes in
            forEachRange(bytes) { name, value, _ in
                body(
                    String(decoding: bytes[name], as: UTF8.self).lowercased(),
                    String(decoding: bytes[value], as: UTF8.self))
            }
        }
    }

    private static func forEachLine(_ lines: [UInt8], _ body: (_ name: String, _ line: ArraySlice<UInt8>) -> Void) {
        lines.withUnsafeBufferPointer { bytes in
            forEachRange(bytes) { name, _, line in
                body(FieldText(rebasing: bytes[name]).lowerCaseName, lines[line])
            }
        }
    }

    private static func forEachRange(
        _ bytes: FieldText, _ body: (_ name: Range<Int>, _ value: Range<Int>, _ line: Range<Int>) -> Void
    ) {
        var start = 0
        while start < bytes.count, let feed = bytes[start...].firstIndex(of: 0x0A) {
            let line = start..<(feed + 1)
            if let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")) {
                var (first, end) = (colon + 1, feed)
                if end > first, bytes[end - 1] == 0x0D { end -= 1 }
                while first < end, isBlank(bytes[first]) { first += 1 }
                while end > first, isBlank(bytes[end - 1]) { end -= 1 }
                body(start..<colon, first..<end, line)
            }
            start = feed + 1
        }
    }
}
