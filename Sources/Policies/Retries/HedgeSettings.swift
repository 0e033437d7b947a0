/// When a second attempt is made beside one that has not been answered yet.
package struct HedgeSettings: Hashable, Sendable {
    package enum Delay: Hashable, Sendable {
        case microseconds(Int)
        /// As long as so many of a hundred answers take, by this worker's own measure.
        case percentile(Int)
    }

    package var after = Delay.percentile(95)
    /// Share of the requests that second attempts may add, in the long run.
    package var budget = 0.05

    package init() {}
}

/// A quantile of a stream of numbers in constant memory, followed step by step: each number above moves the estimate up, each
/// below moves it down, in the proportion that balances at the quantile.
package struct QuantileEstimate: Sendable {
    /// Nil until enough numbers were seen.
    package var value: Int? { count >= Self.enough ? Int(estimate) : nil }

    private let share: Double
    private var estimate = 0.0
    private var count = 0
    private static let enough = 100

    /// - Parameter percent: 1…99.
    package init(percent: Int) { share = Double(min(max(percent, 1), 99)) / 100 }

    package mutating func note(_ number: Int) {
        let number = Double(max(number, 1))
        // Large steps at first, to get near.
        let step = max(estimate, number / 4) * (count < Self.enough ? 0.25 : 0.05)
        if count == 0 {
            estimate = number
        } else if number > estimate {
            estimate = min(estimate + step * share, number)
        } else if number < estimate {
            estimate = max(estimate - step * (1 - share), number)
        }
        if count < Self.enough { count += 1 }
    }
}
