/// Lengths of time as people read them: `83ms`, `53s`, `4m10s`, `2h5m`, `3d4h`.
enum TimeText {
    static func of(microseconds: Int) -> String {
        switch microseconds {
        case ...0: return "0s"
        // Rounded up: what is said to be so far away must not be there before.
        case ..<1_000_000: return "\((microseconds + 999) / 1000)ms"
        case (1 << 50)...: return "never"
        default: break
        }
        let seconds = (microseconds + 999_999) / 1_000_000
        let parts = [
            ("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60),
        ]
        let first = parts.firstIndex { $0.1 > 0 } ?? 3
        return parts[first...].prefix(2).filter { $0.1 > 0 }.map { "\($0.1)\($0.0)" }.joined()
    }

    /// For what happened: rounded down.
    static func ago(microseconds: Int) -> String {
        microseconds < 1_000_000 ? "\(max(0, microseconds) / 1000)ms ago" : "\(past(microseconds)) ago"
    }

    static func past(_ microseconds: Int) -> String { of(microseconds: microseconds / 1_000_000 * 1_000_000) }

    /// A time that may be written back: `90s`, `10m`, `2h`, `1d`; nil for anything else.
    static func microseconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()),
            (1...366 * 86_400 / unit).contains(count)
        else { return nil }
        return count * unit * 1_000_000
    }
}
