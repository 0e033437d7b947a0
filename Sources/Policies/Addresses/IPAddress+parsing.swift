/// Reading addresses: strictly, because a spelling that two programs read differently is a way around a trust list.
extension IPAddress {
    package init?(_ text: String) {
        var text = text
        guard let address = text.withUTF8({ IPAddress(text: $0) }) else { return nil }
        self = address
    }

    /// Dotted IPv4 without leading zeros, or IPv6 of RFC 4291 2.2 without brackets and zone. Nothing else, no blanks.
    package init?(text: UnsafeBufferPointer<UInt8>) {
        guard (2...45).contains(text.count) else { return nil }
        let address = text.contains(UInt8(ascii: ":")) ? Self.readIPv6(text[...]) : Self.readIPv4(text[...])
        guard let address else { return nil }
        self = address
    }

    private static func readIPv4(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> IPAddress? {
        var bits: UInt32 = 0
        var (value, digits, dots) = (UInt32(0), 0, 0)
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                guard digits == 0 || value != 0 else { return nil }  // "010": octal to some
                value = value * 10 + UInt32(byte - UInt8(ascii: "0"))
                digits += 1
                guard value <= 255 else { return nil }
            case UInt8(ascii: "."):
                guard digits > 0, dots < 3 else { return nil }
                bits = bits << 8 | value
                (value, digits, dots) = (0, 0, dots + 1)
            default: return nil
            }
        }
        guard digits > 0, dots == 3 else { return nil }
        return IPAddress(v4: bits << 8 | value)
    }

    private static func readIPv6(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> IPAddress? {
        var groups = InlineArray<8, UInt16>(repeating: 0)
        var (count, gap) = (0, -1)
        var rest = text
        if rest.starts(with: [UInt8(ascii: ":"), UInt8(ascii: ":")]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let piece = rest.prefix { $0 != UInt8(ascii: ":") }
            if piece.contains(UInt8(ascii: ".")) {
                guard piece.endIndex == rest.endIndex, count <= 6, let tail = readIPv4(piece) else { return nil }
                groups[count] = tail.group(6)
                groups[count + 1] = tail.group(7)
                count += 2
                break
            }
            guard count < 8, let value = readGroup(piece) else { return nil }
            groups[count] = value
            count += 1
            rest = rest[piece.endIndex...].dropFirst()
            guard piece.endIndex < text.endIndex else { break }
            guard let next = rest.first else { return nil }  // a single ":" at the end
            if next == UInt8(ascii: ":") {
                guard gap < 0 else { return nil }
                gap = count
                rest = rest.dropFirst()
            }
        }
        // "::" stands for at least one group.
        guard gap < 0 ? count == 8 : count < 8 else { return nil }
        return assemble(groups, count, gap)
    }

    private static func readGroup(_ piece: Slice<UnsafeBufferPointer<UInt8>>) -> UInt16? {
        guard (1...4).contains(piece.count) else { return nil }
        var value: UInt16 = 0
        for byte in piece {
            guard let digit = hexadecimalDigit(byte) else { return nil }
            value = value << 4 | UInt16(digit)
        }
        return value
    }

    private static func assemble(_ groups: InlineArray<8, UInt16>, _ count: Int, _ gap: Int) -> IPAddress {
        var (high, low): (UInt64, UInt64) = (0, 0)
        for place in 0..<8 {
            let source = gap < 0 || place < gap ? place : place - (8 - count)
            let value = source < 0 || (gap >= 0 && place >= gap && source < gap) ? 0 : groups[source]
            if place < 4 { high = high << 16 | UInt64(value) } else { low = low << 16 | UInt64(value) }
        }
        return IPAddress(high: high, low: low)
    }
}

/// The value of a hexadecimal digit of either case.
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
