/// Reads the parts of a date in place (RFC 9110 §5.6.7). Case is the one thing that does not matter.
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

    mutating func blank() -> Bool { take(0x20) }

    enum Weekday { case short, long }

    /// Which of its forms comes next.
    mutating func weekday() -> Weekday? {
        guard let day = place(in: "SunMonTueWedThuFriSat") else { return nil }
        guard lowerCase(next) &- 0x61 < 26 else { return .short }
        let rests: [StaticString] = ["day", "day", "sday", "nesday", "rsday", "day", "urday"]
        return takeCaseless(rests[day]) ? .long : nil
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

    var isZoneAtEnd: Bool { FieldText(rebasing: text[position...]).isCaseless("gmt") }

    private mutating func takeCaseless(_ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard text.count - position >= count,
            FieldText(rebasing: text[position..<(position + count)]).isCaseless(word)
        else { return false }
        position += count
        return true
    }

    /// Which of these names of three letters comes next.
    private mutating func place(in names: StaticString) -> Int? {
        guard text.count - position >= 3 else { return nil }
        for start in stride(from: 0, to: names.utf8CodeUnitCount, by: 3)
        where (0..<3).allSatisfy({ lowerCase(names.utf8Start[start + $0]) == lowerCase(text[position + $0]) }) {
            position += 3
            return start / 3
        }
        return nil
    }
}
