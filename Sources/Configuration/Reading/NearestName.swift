/// Finds what a user most likely meant by a name that does not exist.
package enum NearestName {
    /// Beyond these a suggestion is not worth the time it takes.
    private static let longestName = 64
    private static let mostCandidates = 2_000

    /// The valid name nearest to `name`, if one is near enough to be a slip of the fingers.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(name.lowercased().utf8)
        guard !wanted.isEmpty, wanted.count <= longestName else { return nil }
        let tolerance = max(1, wanted.count / 3)
        var best: (name: String, distance: Int)?
        for candidate in candidates.prefix(mostCandidates) {
            let other = Array(candidate.lowercased().utf8)
            guard other.count <= longestName, abs(other.count - wanted.count) <= tolerance else { continue }
            let distance = distance(wanted, other)
            if distance <= tolerance, distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours count one each.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var twoBack = [Int](repeating: 0, count: right.count + 1)
        var back = Array(0...right.count)
        for i in 1...left.count {
            var row = [i] + back.dropFirst()
            for j in 1...right.count {
                let isSame = left[i - 1] == right[j - 1]
                row[j] = min(back[j] + 1, row[j - 1] + 1, back[j - 1] + (isSame ? 0 : 1))
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    row[j] = min(row[j], twoBack[j - 2] + 1)
                }
            }
            (twoBack, back) = (back, row)
        }
        return back[right.count]
    }
}
