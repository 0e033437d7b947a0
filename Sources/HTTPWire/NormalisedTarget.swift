/// The request target with its path in one canonical form, so that a route can't be dodged by spelling a path
/// differently: percent-encoded unreserved bytes are decoded, other escapes get upper-case digits, `.` and `..` segments
/// are resolved (RFC 3986 §5.2.4, §6.2.2), repeated slashes become one. `%2F` stays what it is: data, not a border.
///
/// A path that would climb above the root, or that holds an escaped NUL or a bad escape, is refused.
final class NormalisedTarget {
    private let output = ByteBuilder(capacity: 512)
    private var pathLength = 0
    private let authorityBytes = ByteBuilder(capacity: 64)
    private var hasAuthority = false
    /// All of it, once something was cut out; made when that is first done.
    private var whole: ByteBuilder?
    /// 0: nothing was cut out.
    private var wholePathLength = 0

    var bytes: Bytes { output.bytes }
    var path: Bytes { output.bytes.slice(0, pathLength) }
    var query: Bytes {
        pathLength < output.count
            ? output.bytes.slice(pathLength &+ 1, output.count &- pathLength &- 1) : Bytes(start: nil, count: 0)
    }
    /// The authority of an absolute-form target.
    var authority: Bytes? { hasAuthority ? authorityBytes.bytes : nil }

    /// The path before anything was cut out.
    var wholePath: Bytes { wholePathLength > 0 ? whole?.bytes.slice(0, wholePathLength) ?? path : path }
    var wholeQuery: Bytes {
        guard wholePathLength > 0, let whole, wholePathLength < whole.count else {
            return wholePathLength > 0 ? Bytes(start: nil, count: 0) : query
        }
        return whole.bytes.slice(wholePathLength &+ 1, whole.count &- wholePathLength &- 1)
    }

    /// Lays the whole target aside, so that parts of it can be put together anew.
    func keepWhole() {
        guard wholePathLength == 0 else { return }
        let kept = whole ?? ByteBuilder(capacity: 512)
        whole = kept
        kept.removeAll()
        kept.append(output.bytes)
        wholePathLength = pathLength
    }

    func rebuild(path: (ByteBuilder) -> Void, query: (ByteBuilder) -> Void) {
        output.removeAll()
        path(output)
        pathLength = output.count
        query(output)
    }

    func normalise(_ text: Bytes, authority: Bytes?) -> HeadFault? {
        output.removeAll()
        wholePathLength = 0
        authorityBytes.removeAll()
        hasAuthority = authority != nil
        if let authority { authorityBytes.append(authority) }
        var pathEnd = text.count
        var isPlain = true
        var previous: UInt8 = 0
        let table = CharacterClass.table
        for index in 0..<text.count {
            let byte = text[index]
            if byte == 0x3F {
                pathEnd = index
                break
            }
            // A dot or slash right after a slash may be a segment to resolve; anything but `pchar` needs a closer look.
            if table[Int(byte)] & CharacterClass.path == 0 { isPlain = false }
            if previous == 0x2F, byte == 0x2E || byte == 0x2F { isPlain = false }
            previous = byte
        }
        if let fault = Self.judgeQuery(text, from: pathEnd) { return fault }
        if isPlain {
            output.append(text)
            pathLength = pathEnd
            return nil
        }
        if let fault = rewrite(text.slice(0, pathEnd)) { return fault }
        pathLength = output.count
        output.append(text.slice(pathEnd, text.count &- pathEnd))
        return nil
    }

    /// Without what is left of the query when these are gone, if nothing is.
    func removeParameters(named name: Bytes) {
        guard hasParameter(named: name) else { return }
        let kept = ByteBuilder(capacity: query.count)
        forEachParameter { pair in
            guard !Self.isParameter(pair, named: name) else { return }
            if !kept.isEmpty { kept.append(0x26) }
            kept.append(pair)
        }
        output.truncate(to: pathLength)
        guard !kept.isEmpty else { return }
        output.append(0x3F)
        output.append(kept.bytes)
    }

    private func hasParameter(named name: Bytes) -> Bool {
        var isThere = false
        forEachParameter { if Self.isParameter($0, named: name) { isThere = true } }
        return isThere
    }

    private func forEachParameter(_ body: (Bytes) -> Void) {
        let query = self.query
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == 0x26 {
            body(query.slice(start, index &- start))
            start = index &+ 1
        }
    }

    private static func isParameter(_ pair: Bytes, named name: Bytes) -> Bool {
        guard pair.count >= name.count, pair.slice(0, name.count).elementsEqual(name) else { return false }
        return pair.count == name.count || pair[name.count] == 0x3D
    }

    /// `http://host/path`, as a client sends it to a proxy (RFC 9112 §3.2.2).
    func normaliseAbsolute(_ text: Bytes) -> HeadFault? {
        let prefix =
            text.count >= 7 && text.slice(0, 7).equalsIgnoringCase("http://")
            ? 7
            : text.count >= 8 && text.slice(0, 8).equalsIgnoringCase("https://") ? 8 : 0
        guard prefix > 0 else { return .target }
        var end = prefix
        while end < text.count, text[end] != 0x2F, text[end] != 0x3F { end &+= 1 }
        let authority = text.slice(prefix, end &- prefix)
        guard !authority.isEmpty else { return .target }
        for byte in authority where CharacterClass.table[Int(byte)] & CharacterClass.host == 0 { return .target }
        let rest = text.slice(end, text.count &- end)
        if rest.first == 0x2F { return normalise(rest, authority: authority) }
        let rooted = ByteBuilder(capacity: rest.count + 1)
        rooted.append(0x2F)
        rooted.append(rest)
        return normalise(rooted.bytes, authority: authority)
    }

    private static func judgeQuery(_ text: Bytes, from start: Int) -> HeadFault? {
        for index in start..<text.count {
            let byte = text[index]
            if byte <= 0x20 || byte == 0x7F || byte == 0x23 { return .target }
        }
        return nil
    }

    /// One pass: each decoded byte goes out, and every finished segment is judged at its border.
    private func rewrite(_ path: Bytes) -> HeadFault? {
        var index = 0
        let table = CharacterClass.table
        while index < path.count {
            let byte = path[index]
            index &+= 1
            if byte == 0x2F {
                if let fault = closeSegment() { return fault }
                if output.bytes.last != 0x2F { output.append(0x2F) }
            } else if byte == 0x25 {
                guard index &+ 1 < path.count, let high = CharacterClass.hexDigit(path[index]),
                    let low = CharacterClass.hexDigit(path[index &+ 1])
                else { return .pathEncoding }
                index &+= 2
                let decoded = high << 4 | low
                guard decoded != 0 else { return .pathEncoding }
                if table[Int(decoded)] & CharacterClass.unreserved != 0 {
                    output.append(decoded)
                } else {
                    escape(decoded)
                }
            } else if table[Int(byte)] & CharacterClass.path != 0 {
                output.append(byte)
            } else {
                // Space, controls, `#` and `\` are refused; other bytes outside of RFC 3986 travel escaped.
                guard byte > 0x20, byte != 0x7F, byte != 0x23, byte != 0x5C else { return .target }
                escape(byte)
            }
        }
        return closeSegment()
    }

    /// Resolves the segment just written, if it is `.` or `..`; a resolved last segment leaves its slash.
    private func closeSegment() -> HeadFault? {
        let written = output.bytes
        var start = written.count
        while start > 0, written[start &- 1] != 0x2F { start &-= 1 }
        let segment = written.slice(start, written.count &- start)
        if segment.equals(".") {
            output.truncate(to: start)
        } else if segment.equals("..") {
            guard start > 1 else { return .pathAboveRoot }
            var parent = start &- 1
            while parent > 0, written[parent &- 1] != 0x2F { parent &-= 1 }
            output.truncate(to: parent)
        }
        return nil
    }

    private func escape(_ byte: UInt8) {
        output.append(0x25)
        output.append(Self.upperHex(byte >> 4))
        output.append(Self.upperHex(byte & 15))
    }

    private static func upperHex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x37 }
}
