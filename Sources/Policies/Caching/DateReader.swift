/// Reads the parts of a date in place (RFC 9110 §5.6.7). Case matters.
struct DateReader {
    private let text: FieldText
    private var position = 0

    init(_ text: FieldText) { self.text = text }

    var isAtEnd: Bool { position >= text.count }
    private var next: UInt8 { isAtEnd ? 0 : text[position] }

    mutating func take(_ byte: UInt8) -> Bool {
        guard !isAtEnd, next == byte else { return false }
        position += 1
        return true
    }

    /// Blanks or dashes, at least one.
    mutating func gap() -> Bool {
        let start = position
        while take(0x20) || take(UInt8(ascii: "-")) {}
        return position > start
    }

    /// Short or long.
    mutating func weekday() -> Bool {
        guard place(in: "SunMonTueWedThuFriSat") != nil else { return false }
        while next &- 0x61 < 26 { position += 1 }
        return true
    }

    /// 1 for January.
    mutating func month() -> Int? { place(in: "JanFebMarAprMayJunJulAugSepOctNovDec").map { $0 + 1 } }

    mutating func number(_ digits: ClosedRange<Int>) -> Int? {
        var (value, count) = (0, 0)
        while next &- 0x30 < 10, count < digits.upperBound {
            value = value * 10 + Int(next &- 0x30)
            position += 1
            count += 1
        }
        return digits.contains(count) ? value : nil
    }

    /// `08:49:37` as seconds of the day.
    mutating func clock() -> Int? {
        let colon = UInt8(ascii: ":")
        guard let hour = number(2...2), take(colon), let minute = number(2...2), take(colon),
            let second = number(2...2), hour < 24, minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    var isZoneAtEnd: Bool {
        let rest = FieldText(rebasing: text[position...])
        return rest.elementsEqual("GMT".utf8) || rest.elementsEqual("UTC".utf8)
    }

    /// Which of these names of three letters comes next.
    private mutating func place(in names: StaticString) -> Int? {
        guard text.count - position >= 3 else { return nil }
        for start in stride(from: 0, to: names.utf8CodeUnitCount, by: 3)
        where (0..<3).allSatisfy({ names.utf8Start[start + $0] == text[position + $0] }) {
            position += 3
            return start / 3
        }
        return nil
    }
}
