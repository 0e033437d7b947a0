/// Columns for people: each as wide as its widest cell, two blanks apart.
struct TextTable {
    private var rows: [[String]]

    init(_ heading: String...) { rows = [heading] }

    var isEmpty: Bool { rows.count == 1 }

    mutating func add(_ cells: String...) { rows.append(cells) }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { $0.count > column ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return cells.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// A time span as people say it: `0`, `250ms`, `1.5s`, `12m`, `3.2h`, `9d`.
func spanText(microseconds: Int?) -> String {
    guard let microseconds else { return "?" }
    let units = [(86_400_000_000, "d"), (3_600_000_000, "h"), (60_000_000, "m"), (1_000_000, "s"), (1000, "ms")]
    guard microseconds > 0 else { return "0" }
    for (length, name) in units where microseconds >= length {
        let tenths = microseconds * 10 / length
        return tenths >= 100 || tenths % 10 == 0 ? "\(tenths / 10)\(name)" : "\(tenths / 10).\(tenths % 10)\(name)"
    }
    return "\(microseconds)us"
}
