import Testing

@testable import sluice

@Suite("Unified diffs")
struct UnifiedDiffTests {
    private func diff(_ old: [String], _ new: [String]) -> String {
        UnifiedDiff(old.map { $0 + "\n" }.joined(), new.map { $0 + "\n" }.joined()).text(from: "a", to: "b")
    }

    private func lines(_ range: ClosedRange<Int>) -> [String] { range.map { "line \($0)" } }

    @Test("nothing differs: nothing is printed")
    func same() {
        #expect(diff([], []).isEmpty)
        #expect(diff(lines(1...9), lines(1...9)).isEmpty)
    }

    @Test("a changed line stands between three lines of either side")
    func change() {
        var new = lines(1...9)
        new[4] = "other"
        #expect(
            diff(lines(1...9), new) == """
                --- a
                +++ b
                @@ -2,7 +2,7 @@
                 line 2
                 line 3
                 line 4
                -line 5
                +other
                 line 6
                 line 7
                 line 8

                """)
    }

    @Test("changes far apart are hunks of their own, near ones are one")
    func hunks() {
        var (far, near) = (lines(1...30), lines(1...30))
        (far[2], far[25]) = ("x", "y")
        (near[2], near[8]) = ("x", "y")
        #expect(diff(lines(1...30), far).split(separator: "\n").count { $0.hasPrefix("@@") } == 2)
        #expect(diff(lines(1...30), near).split(separator: "\n").count { $0.hasPrefix("@@") } == 1)
    }

    @Test("additions to nothing and removals of all count from where they stand")
    func ends() {
        #expect(diff([], ["x", "y"]) == "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n")
        #expect(diff(["x"], []) == "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n")
    }

    @Test("two long texts that have nothing in common are told apart in no time")
    func long() {
        let text = diff((0..<20_000).map { "a\($0)" }, (0..<20_000).map { "b\($0)" })
        #expect(text.hasPrefix("--- a\n+++ b\n@@ -1,20000 +1,20000 @@\n-a0\n"))
    }
}
