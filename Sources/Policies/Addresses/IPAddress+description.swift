/// Writing addresses: one spelling for each (RFC 5952), so that log lines, headers and Redis keys can be compared as text.
extension IPAddress: CustomStringConvertible {
    /// No description is longer, in bytes.
    package static let longestDescription = 39

    package var description: String {
        String(unsafeUninitializedCapacity: Self.longestDescription) { write(to: $0) }
    }

    /// Writes the description without a `String`, into at least `longestDescription` bytes; returns how many it took.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var text = AddressText(buffer: buffer)
        if isIPv4 { writeIPv4(to: &text) } else { writeIPv6(to: &text) }
        return text.count
    }

    private func writeIPv4(to text: inout AddressText) {
        for place in 0..<4 {
            if place > 0 { text.append(UInt8(ascii: ".")) }
            text.append(decimal: UInt8(truncatingIfNeeded: low >> UInt64(24 - 8 * place)))
        }
    }

    /// Lower case, no leading zeros, and the longest run of at least two zero groups (the first of equals) as "::".
    private func writeIPv6(to text: inout AddressText) {
        let zeros = longestZeroRun()
        var place = 0
        while place < 8 {
            if place == zeros.lowerBound, zeros.count > 1 {
                text.append(UInt8(ascii: ":"))
                text.append(UInt8(ascii: ":"))
                place = zeros.upperBound
                continue
            }
            if place > 0, !(place == zeros.upperBound && zeros.count > 1) { text.append(UInt8(ascii: ":")) }
            text.append(hexadecimal: group(place))
            place += 1
        }
    }

    private func longestZeroRun() -> Range<Int> {
        var best = 0..<0
        var start = 0
        for place in 0..<8 {
            if group(place) != 0 {
                start = place + 1
            } else if place + 1 - start > best.count {
                best = start..<place + 1
            }
        }
        return best
    }
}

/// Bytes written one after the other into a buffer that is long enough.
private struct AddressText {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    mutating func append(_ byte: UInt8) {
        buffer[count] = byte
        count += 1
    }

    mutating func append(decimal value: UInt8) {
        if value >= 100 { append(UInt8(ascii: "0") + value / 100) }
        if value >= 10 { append(UInt8(ascii: "0") + value / 10 % 10) }
        append(UInt8(ascii: "0") + value % 10)
    }

    mutating func append(hexadecimal value: UInt16) {
        var isLeading = true
        for place in 0..<4 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt16(12 - 4 * place)) & 15
            isLeading = isLeading && digit == 0 && place < 3
            guard !isLeading else { continue }
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
