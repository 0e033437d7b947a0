#if canImport(Glibc)
    import Glibc
#endif

/// Writes heads into memory that the caller has sized: runs of lines that stay are copied with one `memcpy` each.
package struct HeadWriter {
    private let base: UnsafeMutablePointer<UInt8>
    private let capacity: Int
    package private(set) var count = 0

    /// `capacity` must cover all that is written: see `RequestHead.forwardedCapacity` and its peers. Writing past it traps.
    package init(_ target: UnsafeMutableRawBufferPointer) {
        base = target.baseAddress!.assumingMemoryBound(to: UInt8.self)
        capacity = target.count
    }

    @inline(__always)
    package mutating func append(_ bytes: Bytes) {
        guard let source = bytes.baseAddress else { return }
        precondition(count &+ bytes.count <= capacity)
        memcpy(base + count, source, bytes.count)
        count &+= bytes.count
    }

    @inline(__always)
    package mutating func append(_ text: StaticString) {
        append(Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func append(decimal value: Int) {
        precondition(count &+ 20 <= capacity)
        count &+= Decimal.write(value, to: base + count)
    }

    /// The field lines of a head from `start` to `end`, without those that `leavesOut` names.
    @inline(__always)
    mutating func append(
        _ fields: FieldSection, from start: Int, to end: Int, leavingOut leavesOut: (FieldKind) -> Bool
    ) {
        let bytes = fields.bytes
        var run = start
        for index in 0..<fields.count {
            let slot = fields.slots[index]
            if slot.isDropped || leavesOut(slot.kind) {
                let lineStart = Int(slot.start)
                if lineStart > run { append(bytes.slice(run, lineStart &- run)) }
                run = Int(slot.end)
            }
        }
        if end > run { append(bytes.slice(run, end &- run)) }
    }
}

extension RequestHead {
    /// Room for the forwarded head with `extra` bytes of lines that the gateway adds.
    package func forwardedCapacity(extra: Int) -> Int {
        fields.length &+ forwardedTarget.count &+ extra &+ 96
    }

    /// Writes the head for the upstream, up to and including the blank line. `lines` are complete field lines: the
    /// gateway's own versions of those that were left out.
    package func writeForwarded(to writer: inout HeadWriter, adding lines: Bytes) {
        writer.append(forwardedMethod)
        writer.append(" ")
        writer.append(forwardedTarget)
        writer.append(" HTTP/1.1\r\n")
        if !hasHostField {
            writer.append("Host: ")
            writer.append(host)
            writer.append("\r\n")
        }
        writer.append(fields, from: fieldsStart, to: fieldsEnd) { $0.isRewrittenTowardsUpstream }
        if body == .chunked { writer.append("Transfer-Encoding: chunked\r\n") }
        writer.append(lines)
        writer.append("\r\n")
    }
}

extension ResponseHead {
    package func forwardedCapacity(extra: Int) -> Int { fields.length &+ extra &+ 128 }

    /// How the connection to the client is to be described.
    package enum Persistence { case unsaid, close, keepAlive }

    /// Writes the head for an HTTP/1.1 client; `isChunked` if the body follows in chunks.
    package func writeForwarded(
        to writer: inout HeadWriter, adding lines: Bytes, isChunked: Bool, persistence: Persistence
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(fields.bytes.slice(9, fieldsStart &- 9))
        writer.append(fields, from: fieldsStart, to: fieldsEnd) { $0.isRewrittenTowardsClient }
        if isChunked { writer.append("Transfer-Encoding: chunked\r\n") }
        switch persistence {
        case .unsaid: break
        case .close: writer.append("Connection: close\r\n")
        case .keepAlive: writer.append("Connection: keep-alive\r\n")
        }
        writer.append(lines)
        writer.append("\r\n")
    }
}

extension HeadWriter {
    /// Lower-case hexadecimal digits without leading zeros, as chunk sizes are written.
    package mutating func append(hexadecimal value: Int) {
        var shift = 60
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: (value >> shift) & 15)
            append(byte: digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            shift -= 4
        }
    }

    package mutating func append(byte: UInt8) {
        withUnsafePointer(to: byte) { append(Bytes(start: $0, count: 1)) }
    }
}
