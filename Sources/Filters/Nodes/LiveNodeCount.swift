/// How many nodes are alive, by what Redis answered lately: the most of its last answers.
///
/// A Redis that comes back empty, or after so long that all nodes have lapsed, names only those that it has heard of
/// again; the first of them would take itself for the only one, and the whole limit for its share if Redis were gone again
/// at once. So a smaller number is believed when it stays: others announce themselves within this many answers.
struct LiveNodeCount {
    private var recent: [Int] = []
    /// One a second: a node needs up to two to connect again, and one more for its turn.
    static let remembered = 5

    /// - Returns: how many there are.
    mutating func heard(_ count: Int) -> Int {
        recent.append(max(1, count))
        if recent.count > Self.remembered { recent.removeFirst() }
        return recent.max() ?? 1
    }
}
