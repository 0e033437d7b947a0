import CNghttp2
import HTTPWire

/// The fields of a head that was written as HTTP/1.1 text, as nghttp2 takes them: pointers into the text.
///
/// nghttp2 copies what it is given and puts names in lower case, so that a list is only needed during a call.
struct FieldList: ~Copyable {
    private var entries = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: 32)
    private var capacity = 32
    private(set) var count = 0

    deinit { entries.deallocate() }

    var pointer: UnsafeMutablePointer<nghttp2_nv> { entries }

    /// Reads a response; answers the length of its head, after which its body stands.
    mutating func readResponse(_ text: Bytes) -> Int {
        count = 0
        guard text.count > 12 else { return text.count }
        append(":status", text.slice(9, 3))
        return readLines(text, from: Self.lineEnd(text, 0))
    }

    mutating func appendAcceptsTrailers() {
        append("te", Bytes(start: Self.trailersWord.utf8Start, count: Self.trailersWord.utf8CodeUnitCount))
    }

    private static let trailersWord: StaticString = "trailers"

    /// Reads a request, and answers the length of its head. `Host` becomes `:authority`.
    mutating func readRequest(_ text: Bytes, scheme: StaticString) -> Int {
        count = 0
        let lineEnd = Self.lineEnd(text, 0)
        guard let methodEnd = text.firstIndex(of: 0x20), lineEnd > methodEnd + 12 else { return text.count }
        append(":method", text.slice(0, methodEnd))
        append(":scheme", Bytes(start: scheme.utf8Start, count: scheme.utf8CodeUnitCount))
        append(":path", text.slice(methodEnd + 1, lineEnd - 2 - 9 - methodEnd - 1))
        return readLines(text, from: lineEnd)
    }

    /// Reads field lines alone.
    mutating func readTrailers(_ lines: Bytes) {
        count = 0
        _ = readLines(lines, from: 0)
    }

    private mutating func readLines(_ text: Bytes, from start: Int) -> Int {
        var offset = start
        while offset < text.count {
            let end = Self.lineEnd(text, offset)
            if end - offset <= 2 { return end }
            readLine(text.slice(offset, end - 2 - offset))
            offset = end
        }
        return offset
    }

    private mutating func readLine(_ line: Bytes) {
        guard let colon = line.firstIndex(of: 0x3A), colon > 0 else { return }
        let name = line.slice(0, colon)
        var start = colon + 1
        while start < line.count, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        let value = line.slice(start, line.count - start)
        if name.equalsIgnoringCase("host") { return append(":authority", value, at: 3) }
        if !Self.isOfConnection(name, value) { append(name, value) }
    }

    /// RFC 9113 §8.2.2: what is about an HTTP/1.1 connection has no place in HTTP/2.
    private static func isOfConnection(_ name: Bytes, _ value: Bytes) -> Bool {
        switch name.count {
        case 2: name.equalsIgnoringCase("te") && !value.equalsIgnoringCase("trailers")
        case 7: name.equalsIgnoringCase("upgrade")
        case 10: name.equalsIgnoringCase("connection") || name.equalsIgnoringCase("keep-alive")
        case 16: name.equalsIgnoringCase("proxy-connection")
        case 17: name.equalsIgnoringCase("transfer-encoding")
        default: false
        }
    }

    private static func lineEnd(_ text: Bytes, _ offset: Int) -> Int {
        var index = offset
        while index < text.count, text[index] != 0x0A { index += 1 }
        return min(index + 1, text.count)
    }

    private mutating func append(_ name: StaticString, _ value: Bytes, at index: Int? = nil) {
        append(Bytes(start: name.utf8Start, count: name.utf8CodeUnitCount), value, at: index)
    }

    /// Pseudo fields stand before all others.
    private mutating func append(_ name: Bytes, _ value: Bytes, at index: Int? = nil) {
        if count == capacity { grow() }
        let place = min(index ?? count, count)
        if place < count { (entries + place + 1).update(from: entries + place, count: count - place) }
        entries[place] = nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.baseAddress),
            value: UnsafeMutablePointer(mutating: value.baseAddress),
            namelen: name.count, valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<nghttp2_nv>.allocate(capacity: capacity * 2)
        larger.update(from: entries, count: count)
        entries.deallocate()
        entries = larger
        capacity *= 2
    }
}
