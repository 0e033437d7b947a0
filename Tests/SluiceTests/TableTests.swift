import Testing

@testable import sluice

@Suite("What commands print")
struct TableTests {
    @Test("columns are aligned, and lines don't end in blanks")
    func aligned() {
        var table = Table(("NAME", .left), ("LEFT", .right))
        table.append("a", "1")
        table.append("longer", "1000")
        table.append("b", "")
        #expect(
            table.text == """
                NAME    LEFT
                a          1
                longer  1000
                b

                """)
    }

    @Test("a column without any text is left out; a note stands below its row")
    func sparse() {
        var table = Table(("NAME", .left), ("NOTHING", .right), ("OF", .right))
        table.append("a", "", "7")
        table.note("said of a")
        table.append("b", "", "12")
        #expect(table.text == "NAME  OF\na      7\n  said of a\nb     12\n")
    }

    @Test("what Redis holds can't command the terminal")
    func harmless() {
        var table = Table(("NAME", .left))
        table.append("\u{1B}[2Jx\u{7F}\u{9B}é\n")
        #expect(table.text == "NAME\n?[2Jx??é?\n")
    }

    @Test(
        "times are short, and never promise too much",
        arguments: [
            (0, "0s"), (1, "1ms"), (82_001, "83ms"), (999_000, "999ms"), (1_000_001, "2s"), (250_000_000, "4m10s"),
            (240_000_000, "4m"), (7_500_000_000, "2h5m"), (352_800_000_000, "4d2h"), (1 << 52, "never"),
        ])
    func times(_ microseconds: Int, _ text: String) {
        #expect(TimeText.of(microseconds: microseconds) == text)
    }

    @Test("a time of an order is read, or refused")
    func orders() {
        #expect(TimeText.microseconds("90s") == 90_000_000)
        #expect(TimeText.microseconds("2h") == 7_200_000_000)
        for wrong in ["", "s", "10", "0s", "-5m", "1w", "1.5h", "400d", "99999999999999999999s"] {
            #expect(TimeText.microseconds(wrong) == nil)
        }
    }
}
