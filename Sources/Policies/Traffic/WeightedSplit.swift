/// Which of several arms a request takes, by their weights.
///
/// Each arm owns a stretch of one line, in their order, and a ticket is a place on it. Equal tickets always reach the same
/// arm, on every node. When the weights of two arms change, only tickets between the old and the new border move: who was
/// among the first 5 % stays there when they become 10 %.
package struct WeightedSplit: Hashable, Sendable {
    /// Where each arm's stretch ends; ascending, the last is the sum of all weights.
    private let ends: [UInt64]

    /// - Parameter weights: 0 or more each, at most 1,000,000,000; nil unless one of them is more than 0.
    package init?(weights: [Int]) {
        var total: UInt64 = 0
        var ends: [UInt64] = []
        for weight in weights {
            guard (0...1_000_000_000).contains(weight) else { return nil }
            total += UInt64(weight)
            ends.append(total)
        }
        guard total > 0 else { return nil }
        self.ends = ends
    }

    /// The arm of a ticket that is evenly spread over all 64 bits: a random number, or a hash.
    package func arm(ticket: UInt64) -> Int {
        let place = ticket.multipliedFullWidth(by: ends[ends.count - 1]).high
        for index in ends.indices where place < ends[index] { return index }
        return ends.count - 1
    }
}

/// A share of requests, 0…1, that something happens to.
package struct Share: Hashable, Sendable {
    package let value: Double
    private let bound: UInt64

    package static let all = Share(1)

    /// What lies outside of 0…1 is the nearer end.
    package init(_ value: Double) {
        self.value = min(max(value, 0), 1)
        bound = UInt64(self.value * 4_294_967_296)
    }

    /// - Parameter ticket: a random number, evenly spread over all 64 bits.
    package func takes(ticket: UInt64) -> Bool { ticket >> 32 < bound }
}
