/// A number exactly as the JSON text spelled it. Times in claims (RFC 7519 `NumericDate`) may have fractions and
/// exponents; going through `Double` would move them, so the decimal text is kept and judged digit by digit.
package struct JSONNumber: Hashable, Sendable {
    /// The number's text, valid by RFC 8259 section 6.
    package let text: String

    /// `text` must already be a valid JSON number.
    init(validText text: String) {
        self.text = text
    }

    /// Nil where `text` is no number by RFC 8259, or has anything around it.
    package init?(_ text: String) {
        guard let value = try? JSONReader.read(Array(text.utf8)), let number = value.number,
            number.text.utf8.count == text.utf8.count
        else { return nil }
        self = number
    }

    package init(_ integer: Int) {
        self.text = String(integer)
    }

    /// The value where it is a whole number within ±10¹⁵.
    package var integer: Int? {
        guard let parts = Parts(text.utf8), !parts.hasFraction else { return nil }
        return parts.isNegative ? -parts.whole : parts.whole
    }

    /// The smallest whole number that is not less than the value; nil where that is beyond ±10¹⁵.
    package var roundedUp: Int? {
        guard let parts = Parts(text.utf8) else { return nil }
        if parts.isNegative { return -parts.whole }
        return parts.hasFraction ? parts.whole + 1 : parts.whole
    }
}

extension JSONNumber {
    /// Sign, whole part and whether anything other than zeros follows the point, after the exponent moved the point.
    private struct Parts {
        var isNegative = false
        var whole = 0
        var hasFraction = false

        private static let largest = 1_000_000_000_000_000

        init?(_ text: String.UTF8View) {
            var pointPosition = 0
            var hasPoint = false
            var rest = text[...]
            if rest.first == UInt8(ascii: "-") {
                isNegative = true
                rest.removeFirst()
            }
            var digits: [UInt8] = []
            while let byte = rest.first, byte != UInt8(ascii: "e"), byte != UInt8(ascii: "E") {
                rest.removeFirst()
                if byte == UInt8(ascii: ".") { hasPoint = true; continue }
                if !hasPoint { pointPosition += 1 }
                digits.append(byte - UInt8(ascii: "0"))
            }
            if !rest.isEmpty { pointPosition += Self.exponent(rest.dropFirst()) }
            for (index, digit) in digits.enumerated() {
                guard index < pointPosition else {
                    hasFraction = hasFraction || digit != 0
                    continue
                }
                whole = whole * 10 + Int(digit)
                guard whole <= Self.largest else { return nil }
            }
            guard whole > 0 else { return }
            for _ in 0..<max(0, pointPosition - digits.count) {
                whole *= 10
                guard whole <= Self.largest else { return nil }
            }
        }

        /// The exponent, held within ±10⁶: texts are far shorter, so nothing beyond that changes the outcome.
        private static func exponent(_ text: Substring.UTF8View) -> Int {
            var value = 0
            for byte in text where byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") {
                value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
            }
            return text.first == UInt8(ascii: "-") ? -value : value
        }
    }
}
