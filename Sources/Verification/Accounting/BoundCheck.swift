/// One admission, seen from outside: it was decided at some instant between these two, in microseconds of one clock.
///
/// The earliest is when the client sent the request; the latest, when the upstream received it, or else when the client
/// had the answer.
package struct Admission: Hashable, Sendable {
    package var earliest: Int
    package var latest: Int

    package init(earliest: Int, latest: Int) {
        self.earliest = earliest
        self.latest = latest
    }
}

/// Whether admissions stay within a quota in every interval, and by how much.
///
/// When exactly a request was admitted is known to the gateway alone, and its word is not taken here. Of an interval
/// [a, b] it is certain that it saw every admission whose earliest and latest instants both lie within it, and no more
/// than that is certain. So the quota is broken beyond doubt, wherever the decisions really fell, if for some a ≤ b
///
///     number of admissions with a ≤ earliest and latest ≤ b  >  capacity + rate · (b − a)
///
/// and the check looks for the a and b that make the difference largest. It can't raise a false alarm: the decisions
/// themselves all lie in [a, b]. It overlooks only what no outside observer could prove: admissions whose journey crosses
/// an end of the interval, at most rate × the time a request takes. An excess over a stretch of time, however short,
/// shows as soon as it is larger than that.
///
/// a need only be the earliest of some admission, and b the latest of one. Going through b in order, each admission is
/// added to a tree over all a; the tree keeps, for its best a, the number of admissions with a ≤ earliest plus rate · a.
/// So n admissions take n · log n steps, and no interval is left out.
package struct BoundCheck: Hashable, Sendable {
    /// Admissions of the worst interval beyond what it may see; 0 if no interval saw too many.
    package private(set) var excess = 0
    /// The same, exactly; below 0: how far from it the worst interval stayed.
    package private(set) var margin = -Double.infinity
    /// The worst interval, and how many it certainly saw.
    package private(set) var from = 0
    package private(set) var until = 0
    package private(set) var admitted = 0

    package init(_ admissions: [Admission], _ quota: Quota) {
        guard !admissions.isEmpty else { return }
        let starts = admissions.sorted { $0.earliest < $1.earliest }
        let order = starts.indices.sorted { starts[$0].latest < starts[$1].latest }
        let origin = starts[0].earliest
        var tree = IntervalTree(count: starts.count)
        for index in order {
            tree.add(index, value: quota.rate * Double(starts[index].earliest - origin))
            let end = starts[index].latest
            let margin = tree.best.value - Double(quota.capacity) - quota.rate * Double(end - origin)
            guard margin > self.margin else { continue }
            self.margin = margin
            from = starts[tree.best.index].earliest
            until = end
        }
        admitted = starts.count { $0.earliest >= from && $0.latest <= until }
        // Sums of doubles: a millionth of a request is no request.
        excess = max(0, Int((margin - 1e-6).rounded(.up)))
    }

    /// The worse of two checks.
    package func worse(_ other: BoundCheck) -> BoundCheck { other.margin > margin ? other : self }
}

/// Over places in order: the greatest of (places in use from here on + value of this place) among those in use.
private struct IntervalTree {
    struct Best {
        var value = -Double.infinity
        var index = 0
    }

    private let width: Int
    private var counts: [Int32]
    private var bests: [Best]

    init(count: Int) {
        var width = 1
        while width < count { width *= 2 }
        self.width = width
        counts = Array(repeating: 0, count: 2 * width)
        bests = Array(repeating: Best(), count: 2 * width)
    }

    var best: Best { bests[1] }

    mutating func add(_ index: Int, value: Double) {
        var node = width + index
        counts[node] = 1
        bests[node] = Best(value: 1 + value, index: index)
        while node > 1 {
            node /= 2
            let (left, right) = (bests[2 * node], bests[2 * node + 1])
            counts[node] = counts[2 * node] + counts[2 * node + 1]
            let shifted = left.value + Double(counts[2 * node + 1])
            bests[node] = shifted > right.value ? Best(value: shifted, index: left.index) : right
        }
    }
}
