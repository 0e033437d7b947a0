/// Strings and numbers: the parts of JSON whose bytes need judging one by one.
extension JSONReader {
    /// Reads the string whose opening quote is next.
    mutating func readString() throws(JSONFailure) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try text(UnsafeRawBufferPointer(rebasing: bytes[start..<position]))
        }
        return try readEscapedString(from: start)
    }

    private mutating func readEscapedString(from start: Int) throws(JSONFailure) -> String {
        var unescaped = Array(bytes[start..<position])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: unescaped, as: UTF8.self) else { throw invalidText }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                try readEscape(into: &unescaped)
            case 0..<0x20:
                throw failure("has a control character in a string")
            default:
                unescaped.append(byte)
                position += 1
            }
        }
        throw failure("ends within a string")
    }

    private mutating func readEscape(into unescaped: inout [UInt8]) throws(JSONFailure) {
        guard let byte = next else { throw failure("ends within a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): unescaped.append(contentsOf: UTF8.encode(try readEscapedScalar()) ?? .init())
        default: throw failure("has an unknown escape in a string")
        }
    }

    /// The scalar of a `\u` escape, or of the pair of them that a surrogate needs.
    private mutating func readEscapedScalar() throws(JSONFailure) -> Unicode.Scalar {
        let first = try readHexUnit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xD800...0xDBFF).contains(first), skip("\\"), skip("u") else {
            throw failure("has an unpaired surrogate in a string")
        }
        let second = try readHexUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("has an unpaired surrogate in a string") }
        return scalar
    }

    private mutating func readHexUnit() throws(JSONFailure) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = hexValue(byte) else { throw failure("expected four hex digits") }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    private func text(_ bytes: UnsafeRawBufferPointer) throws(JSONFailure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw invalidText }
        return text
    }

    private var invalidText: JSONFailure { failure("has a string that is not UTF-8") }

    mutating func readNumber() throws(JSONFailure) -> JSONNumber {
        let start = position
        _ = skip("-")
        if !skip("0") { try readDigits() }
        if skip(".") { try readDigits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try readDigits()
        }
        return JSONNumber(validText: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func readDigits() throws(JSONFailure) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        guard position > start else { throw failure("expected a digit") }
    }
}

package func hexValue(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}
