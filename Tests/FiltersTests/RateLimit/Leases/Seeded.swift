import Policies

/// Random numbers that are the same in every run, so that a failure can be repeated by its seed.
typealias Seeded = BalanceGenerator

extension RandomNumberGenerator {
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func chance(_ percent: Int) -> Bool { percent > 0 && number(1...100) <= percent }
}
