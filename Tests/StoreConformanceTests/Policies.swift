import Policies

@testable import Filters

let second = 1_000_000
let minute = 60 * second
let hour = 60 * minute

/// A policy of rates such as `(10, second)`; the capacity is the count unless it is given.
func limit(named name: String = "users.consumer", _ rates: (count: Int, period: Int)..., capacity: Int? = nil)
    -> LimitPolicy
{
    LimitPolicy(
        name: name,
        windows: rates.map { RateWindow(count: $0.count, periodMicroseconds: $0.period, capacity: capacity) })
}
