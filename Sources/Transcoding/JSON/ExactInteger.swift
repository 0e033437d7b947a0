/// Whole numbers of JSON texts without a detour over `Double`, which would move those beyond 2⁵³. Exponents and
/// fractions of zeros are allowed (`1e3`, `2.50e1`), as the proto3 JSON mapping says.
enum ExactInteger {
    /// `text` must be a valid JSON number; nil where it is not whole or out of range.
    static func signed(_ text: String) -> Int64? {
        if let integer = Int64(text) { return integer }
        guard let (isNegative, magnitude) = parts(text) else { return nil }
        if isNegative { return magnitude > 1 << 63 ? nil : Int64(truncatingIfNeeded: 0 &- magnitude) }
        return Int64(exactly: magnitude)
    }

    static func unsigned(_ text: String) -> UInt64? {
        if let integer = UInt64(text) { return integer }
        guard let (isNegative, magnitude) = parts(text), !isNegative || magnitude == 0 else { return nil }
        return magnitude
    }

    private static func parts(_ text: String) -> (isNegative: Bool, magnitude: UInt64)? {
        var rest = Substring(text).utf8
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest.removeFirst() }
        var digits: [UInt8] = []
        var fractionDigits = 0
        var isFraction = false
        while let byte = rest.popFirst(), byte | 0x20 != UInt8(ascii: "e") {
            if byte == UInt8(ascii: ".") {
                isFraction = true
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            digits.append(byte - UInt8(ascii: "0"))
            if isFraction { fractionDigits += 1 }
        }
        var exponent = Self.exponent(rest) - fractionDigits
        while digits.last == 0 {
            digits.removeLast()
            exponent += 1
        }
        guard !digits.isEmpty else { return (isNegative, 0) }
        // 2⁶⁴ has 20 digits.
        guard exponent >= 0, exponent <= 20 else { return nil }
        return shifted(digits + [UInt8](repeating: 0, count: exponent)).map { (isNegative, $0) }
    }

    private static func shifted(_ digits: [UInt8]) -> UInt64? {
        var magnitude: UInt64 = 0
        for digit in digits {
            let (product, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isOver) = product.addingReportingOverflow(UInt64(digit))
            guard !isTooLarge, !isOver else { return nil }
            magnitude = sum
        }
        return magnitude
    }

    /// Held within ±10⁷: texts are shorter, so nothing beyond changes the outcome.
    private static func exponent(_ text: Substring.UTF8View) -> Int {
        var value = 0
        for byte in text where byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") {
            value = min(value * 10 + Int(byte) - 48, 10_000_000)
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }
}
