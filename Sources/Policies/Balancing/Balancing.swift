/// The ways to pick a target. All are pure: loads in, an index out, nil when no target is eligible; none allocates.
package enum Balancing {
    /// Smooth weighted round robin (as nginx does): weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
    ///
    /// Each turn every target earns its weight, the richest is chosen and pays what all earned together.
    package static func roundRobin(_ targets: inout [TargetLoad]) -> Int? {
        var (best, earned) = (-1, 0)
        for index in targets.indices where targets[index].isEligible {
            targets[index].credit += targets[index].weight
            earned += targets[index].weight
            if best < 0 || targets[index].credit > targets[best].credit { best = index }
        }
        guard best >= 0 else { return nil }
        targets[best].credit -= earned
        return best
    }

    /// The target with the fewest outstanding requests for its weight; among equals one at random, by weight, so that an
    /// idle upstream does not send everything to its first target.
    package static func leastRequests(_ targets: [TargetLoad], _ generator: inout BalanceGenerator) -> Int? {
        var (best, tied) = (-1, 0)
        for index in targets.indices where targets[index].isEligible {
            let target = targets[index]
            if best < 0 || target.isLighter(than: targets[best]) {
                (best, tied) = (index, target.weight)
            } else if !targets[best].isLighter(than: target) {
                tied += target.weight
                if generator.below(tied) < target.weight { best = index }
            }
        }
        return best < 0 ? nil : best
    }

    /// Two different targets at random, by weight, and of these the one with fewer requests for its weight. Nearly as
    /// even as asking all, and nodes that do not know of each other's requests do not all rush to the same target.
    package static func randomTwo(_ targets: [TargetLoad], _ generator: inout BalanceGenerator) -> Int? {
        guard let first = random(targets, &generator, except: nil) else { return nil }
        guard let second = random(targets, &generator, except: first) else { return first }
        return targets[second].isLighter(than: targets[first]) ? second : first
    }

    private static func random(
        _ targets: [TargetLoad], _ generator: inout BalanceGenerator, except taken: Int?
    ) -> Int? {
        var total = 0
        for index in targets.indices where index != taken && targets[index].isEligible {
            total += targets[index].weight
        }
        guard total > 0 else { return nil }
        var ticket = generator.below(total)
        for index in targets.indices where index != taken && targets[index].isEligible {
            ticket -= targets[index].weight
            if ticket < 0 { return index }
        }
        return nil
    }

    /// Consistent hashing by weighted rendezvous: equal keys reach the same target on every node, and a target that
    /// leaves or returns moves only its own keys. Each target draws a number from the key and its identity, stretched by
    /// its weight; the smallest draw wins. No ring to build, no table to keep.
    package static func hash(_ key: UInt64, _ targets: [TargetLoad]) -> Int? {
        var (best, lowest) = (-1, Double.infinity)
        for index in targets.indices where targets[index].isEligible {
            let draw = exponentialDraw(StableHash.mix(key ^ StableHash.mix(targets[index].identity)))
            let score = draw / Double(targets[index].weight)
            if score < lowest { (best, lowest) = (index, score) }
        }
        return best < 0 ? nil : best
    }

    /// −ln of the hash taken as a number between 0 and 1. With draws of this distribution a target of weight w wins with
    /// probability w / sum of weights, exactly. Computed from basic operations only, so that all nodes agree bit by bit.
    private static func exponentialDraw(_ hash: UInt64) -> Double {
        let number = Double(hash >> 11 | 1)  // 1 ..< 2⁵³, stands for number / 2⁵³
        let fraction = number.significand  // 1 ..< 2
        let ratio = (fraction - 1) / (fraction + 1)  // ln fraction = 2 · artanh ratio, ratio < 1/3
        let square = ratio * ratio
        var (sum, power, divisor) = (0.0, ratio, 1.0)
        for _ in 0..<12 {
            sum += power / divisor
            power *= square
            divisor += 2
        }
        let ln2 = 0.693_147_180_559_945_3
        return Double(53 - number.exponent) * ln2 - 2 * sum
    }
}
