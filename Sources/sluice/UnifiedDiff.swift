/// The lines in which two texts differ, with three lines around them, as `diff -u` prints them.
struct UnifiedDiff {
    private enum Line: Equatable {
        case kept(Substring), removed(Substring), added(Substring)

        var text: String {
            switch self {
            case .kept(let line): " \(line)\n"
            case .removed(let line): "-\(line)\n"
            case .added(let line): "+\(line)\n"
            }
        }

        var isChange: Bool { if case .kept = self { false } else { true } }
    }

    private static let context = 3
    /// Beyond this many pairs of lines that may have to be compared, all between the first and the last difference counts as
    /// replaced: the shortest description of two texts that have nothing in common is not worth minutes.
    private static let mostPairs = 40_000_000

    private var lines: [Line] = []

    init(_ old: String, _ new: String) {
        let (old, new) = (Self.split(old), Self.split(new))
        let start = zip(old, new).prefix { $0 == $1 }.count
        let end = zip(old[start...].reversed(), new[start...].reversed()).prefix { $0 == $1 }.count
        lines = old[..<start].map { .kept($0) }
        lines += Self.compare(old[start..<(old.count - end)], new[start..<(new.count - end)])
        lines += old[(old.count - end)...].map { .kept($0) }
    }

    private static func split(_ text: String) -> [Substring] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func offset(of change: CollectionDifference<Substring>.Change) -> Int {
        switch change {
        case .remove(let offset, _, _), .insert(let offset, _, _): offset
        }
    }

    private static func compare(_ old: ArraySlice<Substring>, _ new: ArraySlice<Substring>) -> [Line] {
        guard old.count * new.count <= mostPairs else {
            return old.map { .removed($0) } + new.map { .added($0) }
        }
        let difference = Array(new).difference(from: Array(old))
        let removed = Set(difference.removals.map(Self.offset(of:)))
        let added = Set(difference.insertions.map(Self.offset(of:)))
        var lines: [Line] = []
        var (left, right) = (0, 0)
        while left < old.count || right < new.count {
            if left < old.count, removed.contains(left) {
                lines.append(.removed(old[old.startIndex + left]))
                left += 1
            } else if right < new.count, added.contains(right) {
                lines.append(.added(new[new.startIndex + right]))
                right += 1
            } else {
                lines.append(.kept(old[old.startIndex + left]))
                left += 1
                right += 1
            }
        }
        return lines
    }

    /// Empty if nothing differs.
    func text(from oldName: String, to newName: String) -> String {
        let hunks = hunks()
        guard !hunks.isEmpty else { return "" }
        return "--- \(oldName)\n+++ \(newName)\n" + hunks.map(text(of:)).joined()
    }

    /// Changes whose surroundings touch are one.
    private func hunks() -> [Range<Int>] {
        var hunks: [Range<Int>] = []
        for index in lines.indices where lines[index].isChange {
            let around = max(0, index - Self.context)..<min(lines.count, index + Self.context + 1)
            if let last = hunks.last, around.lowerBound <= last.upperBound {
                hunks[hunks.count - 1] = last.lowerBound..<around.upperBound
            } else {
                hunks.append(around)
            }
        }
        return hunks
    }

    private func text(of hunk: Range<Int>) -> String {
        func count(_ range: Range<Int>, isOld: Bool) -> Int {
            lines[range].count { if case .added = $0 { !isOld } else if case .removed = $0 { isOld } else { true } }
        }
        func position(isOld: Bool) -> String {
            let (before, inside) = (count(0..<hunk.lowerBound, isOld: isOld), count(hunk, isOld: isOld))
            return "\(inside == 0 ? before : before + 1)" + (inside == 1 ? "" : ",\(inside)")
        }
        return "@@ -\(position(isOld: true)) +\(position(isOld: false)) @@\n" + lines[hunk].map(\.text).joined()
    }
}
