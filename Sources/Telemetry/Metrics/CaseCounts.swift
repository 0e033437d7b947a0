/// One count for each case of an enumeration whose raw values are 0, 1, 2….
package struct CaseCounts<Case: CaseIterable & RawRepresentable<Int>>: Sendable {
    private var counts: [Int]

    package init() {
        counts = Array(repeating: 0, count: Case.allCases.count)
    }

    package subscript(key: Case) -> Int {
        get { counts[key.rawValue] }
        set { counts[key.rawValue] = newValue }
    }

    package var total: Int { counts.reduce(0, +) }

    package static func += (left: inout CaseCounts, right: CaseCounts) {
        for index in left.counts.indices { left.counts[index] += right.counts[index] }
    }
}
