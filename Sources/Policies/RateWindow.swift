/// One rate of a limit: `count` tokens every `period`, in a bucket that holds `capacity` of them.
package struct RateWindow: Hashable, Sendable {
    /// Tokens that come back every `periodMicroseconds`; at least 1.
    package let count: Int
    /// Length of the window in microseconds; at least 1.
    package let periodMicroseconds: Int
    /// The most tokens the bucket holds (`burst`, or else `count`); at least 1.
    package let capacity: Int

    package init(count: Int, periodMicroseconds: Int, capacity: Int? = nil) {
        self.count = count
        self.periodMicroseconds = periodMicroseconds
        self.capacity = capacity ?? count
    }
}
