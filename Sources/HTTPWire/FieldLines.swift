/// Complete field lines that stand one after the other, as the gateway adds them to heads.
package enum FieldLines {
    /// Calls `body` with each line, CRLF included, and its name.
    @inline(__always)
    package static func forEach(in lines: Bytes, _ body: (_ line: Bytes, _ name: Bytes) -> Void) {
        var start = 0
        while start < lines.count {
            var end = start
            while end < lines.count, lines[end] != 0x0A { end &+= 1 }
            end = min(end &+ 1, lines.count)
            var colon = start
            while colon < end, lines[colon] != 0x3A { colon &+= 1 }
            body(lines.slice(start, end &- start), lines.slice(start, colon &- start))
            start = end
        }
    }

    package static func contains(_ name: Bytes, in lines: Bytes) -> Bool {
        var isThere = false
        forEach(in: lines) { _, other in if other.equalsIgnoringCase(name) { isThere = true } }
        return isThere
    }

    /// The value of a line that `forEach` gave.
    package static func value(of line: Bytes, name: Bytes) -> Bytes {
        let end = line.count >= 2 ? line.count &- 2 : line.count
        let start = min(name.count &+ 1, end)
        return line.slice(start, end &- start).trimmed
    }
}

extension ByteBuilder {
    /// Takes out the field lines that `isDropped` is true of.
    package func dropLines(_ isDropped: (_ line: Bytes, _ name: Bytes) -> Bool) {
        var hasAny = false
        FieldLines.forEach(in: bytes) { line, name in if isDropped(line, name) { hasAny = true } }
        guard hasAny else { return }
        var kept: [UInt8] = []
        FieldLines.forEach(in: bytes) { line, name in if !isDropped(line, name) { kept.append(contentsOf: line) } }
        removeAll()
        append(kept)
    }
}
