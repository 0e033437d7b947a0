/// When a single target is taken out of balancing. Times in microseconds.
package struct OutlierSettings: Hashable, Sendable {
    /// Failures in a row.
    package var failures = 5
    /// How long the first time; the second time twice as long, and so on up to ten times.
    package var ejectMicroseconds = 30_000_000
    /// Share of the targets that may be out at once, 0…1, rounded down.
    package var maxEjected = 0.5

    package init() {}
}

/// Takes targets that fail again and again out of balancing for a while: what a breaker does for an upstream, for each of
/// its targets. One bad server among good ones hardly moves the upstream's share of failures; its requests fail all the same.
///
/// A target that is back starts with a clean row. If it fails again before it has been in for as long as it was out, it is
/// ejected for longer. A node judges by its own requests.
///
/// A pure value; `now` is in microseconds of any monotonic clock.
package struct OutlierDetection: Sendable {
    private struct Target {
        var row = 0
        var ejectedUntil = Int.min / 4
        var ejectedFor = 0
        var repeats = 0
    }
    private static let mostRepeats = 10

    private let settings: OutlierSettings
    private var targets: [Target]

    /// - Parameter count: of targets; of more than 64 only the first 64 are judged.
    package init(_ settings: OutlierSettings, count: Int) {
        self.settings = settings
        targets = Array(repeating: Target(), count: count)
    }

    /// The same for other targets, some of which were judged before.
    /// - Parameter places: of each target among those before; nil: it is new.
    package init(_ before: OutlierDetection, places: [Int?]) {
        settings = before.settings
        targets = places.map { place in
            place.flatMap { before.targets.indices.contains($0) ? before.targets[$0] : nil } ?? Target()
        }
    }

    /// An attempt at a target failed.
    /// - Returns: for how long it is ejected, if it is.
    package mutating func failed(_ index: Int, now: Int) -> Int? {
        guard targets.indices.contains(index), index < 64, targets[index].ejectedUntil <= now else { return nil }
        targets[index].row += 1
        guard targets[index].row >= settings.failures else { return nil }
        let out = ejected(now: now).nonzeroBitCount
        guard out + 1 <= Int(Double(targets.count) * settings.maxEjected + 1e-9) else { return nil }
        let isBackForLong = now - targets[index].ejectedUntil >= targets[index].ejectedFor
        targets[index].repeats = isBackForLong ? 1 : min(targets[index].repeats + 1, Self.mostRepeats)
        targets[index].ejectedFor = settings.ejectMicroseconds * targets[index].repeats
        targets[index].ejectedUntil = now + targets[index].ejectedFor
        targets[index].row = 0
        return targets[index].ejectedFor
    }

    package mutating func succeeded(_ index: Int) {
        if targets.indices.contains(index) { targets[index].row = 0 }
    }

    /// The targets that are out, by bits.
    package func ejected(now: Int) -> UInt64 { bits { $0.ejectedUntil > now } }

    /// The targets whose latest attempt failed, by bits.
    package var suspects: UInt64 { bits { $0.row > 0 } }

    private func bits(_ condition: (Target) -> Bool) -> UInt64 {
        var bits: UInt64 = 0
        for index in targets.indices.prefix(64) where condition(targets[index]) { bits |= 1 << UInt64(index) }
        return bits
    }
}
