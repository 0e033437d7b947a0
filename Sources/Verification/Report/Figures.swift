/// Numbers as people read them.
enum Figures {
    /// 11,012
    static func count(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    static func fraction(_ value: Double, _ places: Int) -> String {
        let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let units = Int((value * Double(scale)).rounded())
        guard places > 0 else { return count(units) }
        let digits = String(abs(units) % scale)
        let padding = String(repeating: "0", count: places - digits.count)
        return (units < 0 ? "-" : "") + count(abs(units) / scale) + "." + padding + digits
    }

    static func percent(_ share: Double) -> String { fraction(share * 100, 1) + "%" }
    static func milliseconds(_ microseconds: Int) -> String { fraction(Double(microseconds) / 1000, 1) + " ms" }
    static func seconds(_ microseconds: Int) -> String { fraction(Double(microseconds) / 1e6, 2) }

    /// Names to the left, numbers to the right, notes behind them.
    static func table(_ rows: [(String, String, String)]) -> [String] {
        let names = rows.map(\.0.count).max() ?? 0
        let values = rows.map(\.1.count).max() ?? 0
        return rows.map { name, value, note in
            let line =
                "  " + name + String(repeating: " ", count: names - name.count + 2)
                + String(repeating: " ", count: values - value.count) + value
            return note.isEmpty ? line : line + "  " + note
        }
    }
}
