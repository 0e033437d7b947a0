#if canImport(Glibc)
    import Glibc
#endif

/// Where one field line lies within its head.
package struct FieldSlot {
    /// Offset of the line's first byte.
    package var start: UInt32
    /// Offset just past the line's CRLF.
    package var end: UInt32
    package var valueStart: UInt32
    package var valueLength: UInt32
    package var nameLength: UInt16
    package var kind: FieldKind
    /// Not to be forwarded: hop-by-hop, named in `Connection`, or taken out by a filter.
    package var isDropped: Bool
}

/// Field lines parsed in place: offsets into bytes that the section owns a copy of. Reused from message to message.
///
/// Parsing follows RFC 9112 §5 to the letter: CRLF only, no space before the colon, no folded lines, no control bytes.
package final class FieldSection {
    /// More lines than this are refused; the slots are allocated once.
    package static let maximumCount = 128

    package private(set) var count = 0
    package let slots: UnsafeMutablePointer<FieldSlot>
    var storage: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    package private(set) var length = 0

    package init(capacity: Int = 1024) {
        self.capacity = capacity
        storage = .allocate(capacity: capacity)
        slots = .allocate(capacity: Self.maximumCount)
    }

    deinit {
        storage.deallocate()
        slots.deallocate()
    }

    /// All bytes of the head, start line included; valid until the next parse.
    package var bytes: Bytes { Bytes(start: storage, count: length) }

    package func name(_ index: Int) -> Bytes {
        Bytes(start: storage + Int(slots[index].start), count: Int(slots[index].nameLength))
    }

    package func value(_ index: Int) -> Bytes {
        Bytes(start: storage + Int(slots[index].valueStart), count: Int(slots[index].valueLength))
    }

    /// The value of the first field of this name (`name` in lower case), if any.
    package func first(_ name: StaticString) -> Bytes? {
        for index in 0..<count where self.name(index).equalsIgnoringCase(name) { return value(index) }
        return nil
    }

    package func first(_ name: Bytes) -> Bytes? {
        for index in 0..<count where self.name(index).equalsIgnoringCase(name) { return value(index) }
        return nil
    }

    package func first(_ kind: FieldKind) -> Bytes? {
        for index in 0..<count where slots[index].kind == kind { return value(index) }
        return nil
    }

    /// Marks fields of this name (in lower case) as not to be forwarded.
    package func drop(named name: Bytes) {
        for index in 0..<count where self.name(index).equalsIgnoringCase(name) { slots[index].isDropped = true }
    }

    /// Marks fields whose name begins so (in lower case) as not to be forwarded.
    package func drop(prefix: StaticString) {
        let length = prefix.utf8CodeUnitCount
        for index in 0..<count where name(index).count >= length {
            if name(index).slice(0, length).equalsIgnoringCase(prefix) { slots[index].isDropped = true }
        }
    }

    func reset() {
        count = 0
        length = 0
    }

    /// Keeps a copy of the head, so that it outlives the read buffer (while a filter waits, for a retry, for the log).
    func keep(_ source: UnsafePointer<UInt8>, _ newLength: Int) {
        if newLength > capacity {
            storage.deallocate()
            capacity = max(newLength, capacity &* 2)
            storage = .allocate(capacity: capacity)
        }
        memcpy(storage, source, newLength)
        length = newLength
    }

    enum LineResult {
        case field(FieldKind)
        case end(next: Int)
        case incomplete
        case fault(HeadFault)
    }

    /// Parses the line that starts at `offset`, files it in the next slot and moves `offset` past it.
    @inline(__always)
    func parseLine(_ bytes: UnsafePointer<UInt8>, _ available: Int, _ offset: inout Int) -> LineResult {
        let start = offset
        guard start < available else { return .incomplete }
        if bytes[start] == 0x0D {
            guard start &+ 1 < available else { return .incomplete }
            return bytes[start &+ 1] == 0x0A ? .end(next: start &+ 2) : .fault(.bareCarriageReturn)
        }
        guard let found = memchr(bytes + start, 0x0A, available &- start) else { return .incomplete }
        let lineFeed = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes
        guard lineFeed > start, bytes[lineFeed &- 1] == 0x0D else { return .fault(.bareLineFeed) }
        guard count < Self.maximumCount else { return .fault(.tooManyFields) }
        var colon = start
        let table = CharacterClass.table
        while table[Int(bytes[colon])] & CharacterClass.token != 0 { colon &+= 1 }
        guard colon > start, bytes[colon] == 0x3A, colon &- start <= Int(UInt16.max) else {
            return .fault(bytes[start] == 0x20 || bytes[start] == 0x09 ? .foldedLine : .fieldName)
        }
        var valueStart = colon &+ 1
        var valueEnd = lineFeed &- 1
        while valueStart < valueEnd, isBlank(bytes[valueStart]) { valueStart &+= 1 }
        while valueEnd > valueStart, isBlank(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        if hasControlByte(bytes + valueStart, valueEnd &- valueStart) { return .fault(.controlByte) }
        let kind = FieldKind.of(bytes + start, colon &- start)
        slots[count] = FieldSlot(
            start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: lineFeed &+ 1),
            valueStart: UInt32(truncatingIfNeeded: valueStart),
            valueLength: UInt32(truncatingIfNeeded: valueEnd &- valueStart),
            nameLength: UInt16(truncatingIfNeeded: colon &- start), kind: kind, isDropped: false)
        count &+= 1
        offset = lineFeed &+ 1
        return .field(kind)
    }

    /// Marks the fields that a `Connection` value names (RFC 9110 §7.6.1). Framing and Host can't be taken away.
    func dropFields(namedBy connection: Bytes) {
        connection.forEachListElement { option in
            for index in 0..<count where name(index).equalsIgnoringCase(option) {
                let kind = slots[index].kind
                if kind != .host && kind != .contentLength && kind != .transferEncoding {
                    slots[index].isDropped = true
                }
            }
        }
    }

    @inline(__always)
    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Any byte below space except TAB, or DEL; eight bytes a step.
    @inline(__always)
    private func hasControlByte(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        let raw = UnsafeRawPointer(bytes)
        var index = 0
        while index &+ 8 <= length {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let below = (word &- 0x2020_2020_2020_2020) & ~word & 0x8080_8080_8080_8080
            let folded = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let delete = (folded &- 0x0101_0101_0101_0101) & ~folded & 0x8080_8080_8080_8080
            if below | delete != 0, hasControlByteSlow(bytes + index, 8) { return true }
            index &+= 8
        }
        return hasControlByteSlow(bytes + index, length &- index)
    }

    private func hasControlByteSlow(_ bytes: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        for index in 0..<length {
            let byte = bytes[index]
            if (byte < 0x20 && byte != 0x09) || byte == 0x7F { return true }
        }
        return false
    }
}
