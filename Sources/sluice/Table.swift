/// Text in aligned columns, as commands print it.
struct Table {
    enum Alignment { case left, right }

    private enum Line {
        case row([String])
        /// Not aligned: something said of the row above.
        case note(String)
    }

    private let columns: [(title: String, alignment: Alignment)]
    private var lines: [Line] = []

    init(_ columns: (String, Alignment)...) {
        self.columns = columns.map { (title: $0.0, alignment: $0.1) }
    }

    mutating func append(_ cells: String...) { lines.append(.row(cells.map(Self.harmless))) }

    mutating func note(_ text: String) { lines.append(.note(Self.harmless(text))) }

    /// Lines that end in newlines, the titles first; columns without any text are left out.
    var text: String {
        let rows = lines.compactMap { if case .row(let cells) = $0 { cells } else { nil } }
        let widths = columns.indices.map { column in
            let width = rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
            return width == 0 && !rows.isEmpty ? 0 : max(width, columns[column].title.count)
        }
        let written = lines.map { line in
            switch line {
            case .row(let cells): aligned(cells, widths)
            case .note(let text): "  \(text)"
            }
        }
        return ([aligned(columns.map(\.title), widths)] + written).map { $0 + "\n" }.joined()
    }

    private func aligned(_ cells: [String], _ widths: [Int]) -> String {
        var parts: [String] = []
        for column in columns.indices where widths[column] > 0 {
            let cell = column < cells.count ? cells[column] : ""
            let blanks = String(repeating: " ", count: max(0, widths[column] - cell.count))
            parts.append(columns[column].alignment == .left ? cell + blanks : blanks + cell)
        }
        let line = parts.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// What Redis holds may come from anyone who can write there; it must not command the terminal.
    static func harmless(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) || $0.value >= 0xA0 ? $0 : "?" }))
    }
}
