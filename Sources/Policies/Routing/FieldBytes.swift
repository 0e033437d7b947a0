/// The bytes of a header value or query part, decoded on the way where asked: nothing is copied to be compared.
struct FieldBytes: IteratorProtocol {
    private let raw: UnsafeBufferPointer<UInt8>
    private var position: Int
    private let end: Int
    private let isPercentEncoded: Bool

    init(header value: UnsafeBufferPointer<UInt8>) {
        (raw, position, end, isPercentEncoded) = (value, 0, value.count, false)
    }

    /// A part of a query. A `%` without two digits stands for itself, and `+` is no blank: RFC 3986 knows no such rule.
    init(query: UnsafeBufferPointer<UInt8>, _ part: Range<Int>) {
        (raw, position, end, isPercentEncoded) = (query, part.lowerBound, part.upperBound, true)
    }

    /// Before decoding; what is decoded is not longer.
    var rawCount: Int { end - position }

    mutating func next() -> UInt8? {
        guard position < end else { return nil }
        let byte = raw[position]
        position += 1
        guard isPercentEncoded, byte == UInt8(ascii: "%"), position + 1 < end,
            let high = hexadecimalDigit(raw[position]), let low = hexadecimalDigit(raw[position + 1])
        else { return byte }
        position += 2
        return high << 4 | low
    }

    func equals(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var bytes = self
        for expected in text {
            guard bytes.next() == expected else { return false }
        }
        return bytes.next() == nil
    }
}
