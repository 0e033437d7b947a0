/// The bucket of the policy as one process with a perfect clock would keep it: what the same demand could have been
/// granted at most. Dividing by it tells waste from mere lack of demand.
package struct IdealBucket: Sendable {
    private let quotas: [Quota]
    private var tokens: [Double]
    private var updated: Int?

    package init(_ quotas: [Quota]) {
        self.quotas = quotas
        tokens = quotas.map { Double($0.capacity) }
    }

    /// Whether a request at this instant is admitted; instants must not decrease.
    package mutating func take(at instant: Int) -> Bool {
        let elapsed = Double(instant - (updated ?? instant))
        updated = instant
        for index in quotas.indices {
            tokens[index] = min(Double(quotas[index].capacity), tokens[index] + quotas[index].rate * elapsed)
        }
        guard tokens.allSatisfy({ $0 >= 1 }) else { return false }
        for index in tokens.indices { tokens[index] -= 1 }
        return true
    }

    /// How many of these it admits.
    package static func admitted(of instants: [Int], _ quotas: [Quota]) -> Int {
        var bucket = IdealBucket(quotas)
        return instants.sorted().count { bucket.take(at: $0) }
    }
}
