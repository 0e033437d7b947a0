/// How much of its share a target gets that has just come, or come back: it grows evenly, so that a server with cold caches
/// is not sent all of its share at once.
package enum SlowStart {
    /// Of a target's weight, at the very beginning.
    static let first = 0.1

    /// Weights are multiplied by this while any target grows, so that small ones can be divided.
    package static let scale = 100

    /// The weight for now, `scale` times as fine as the configured one; at least 1.
    /// - Parameters:
    ///   - elapsed: since the target came, in microseconds.
    ///   - duration: after which it has all of its share, in microseconds.
    package static func weight(_ weight: Int, elapsed: Int, duration: Int) -> Int {
        guard duration > 0, elapsed < duration else { return weight * scale }
        let share = first + (1 - first) * Double(max(elapsed, 0)) / Double(duration)
        return max(Int(Double(weight * scale) * share), 1)
    }
}
