/// The weight of an alternative in `Accept` and its like (RFC 9110 §12.4.2).
enum QualityValue {
    /// In thousandths; nil if it is no quality value.
    static func thousandths(_ text: some Collection<UInt8>) -> Int? {
        guard let first = text.first, first == UInt8(ascii: "0") || first == UInt8(ascii: "1"), text.count <= 5 else {
            return nil
        }
        let rest = text.dropFirst()
        guard rest.first ?? UInt8(ascii: ".") == UInt8(ascii: ".") else { return nil }
        var value = first == UInt8(ascii: "1") ? 1000 : 0
        var unit = 100
        for digit in rest.dropFirst() {
            guard digit &- 0x30 <= 9 else { return nil }
            value += Int(digit &- 0x30) * unit
            unit /= 10
        }
        return min(value, 1000)
    }
}
