/// How many requests an upstream gets at once, found out by its latency: the limit grows while answers come as fast as
/// usual, and shrinks as soon as they come later, before queues do harm.
///
/// A gradient method (after Netflix's concurrency-limits): the limit follows the quotient of the usual latency and the present
/// one, with a small queue allowed. A pure value; times in microseconds.
package struct ConcurrencyLimit: Sendable {
    /// Requests under way.
    package private(set) var inFlight = 0
    /// As it is now; between the bounds of the settings.
    package var current: Int { Int(limit) }

    private let settings: Settings
    private var limit: Double
    /// Latency while the limit does not make it longer.
    private var usual = 0.0
    private var window = Window()

    package struct Settings: Hashable, Sendable {
        package var minimum = 4
        package var maximum = 1_000
        /// Where it begins.
        package var initial = 20
        /// Latency up to so many times the usual one is no reason to shrink.
        package var tolerance = 1.5

        package init() {}
    }

    /// What is judged at once: answers of some time, so that single ones decide nothing.
    private struct Window {
        var sum = 0.0
        var count = 0
        var most = 0
        var hasOverload = false
        var began: Int?
    }

    /// A window ends after so many answers and so much time.
    private static let windowAnswers = 10
    private static let windowMicroseconds = 100_000
    /// The usual latency follows the present one by this share a window.
    private static let drift = 0.05

    package init(_ settings: Settings) {
        self.settings = settings
        limit = Double(min(max(settings.initial, settings.minimum), settings.maximum))
    }

    /// Whether one more request may go; it counts as under way then.
    /// - Parameter priority: low ones leave a fifth of the limit to others, high ones may go a fifth beyond it.
    package mutating func admit(_ priority: Priority) -> Bool {
        let share =
            switch priority {
            case .low: 0.8
            case .normal: 1.0
            case .high: 1.2
            }
        guard Double(inFlight) < max(limit * share, 1) else { return false }
        inFlight += 1
        return true
    }

    /// A request is over.
    package mutating func end() { inFlight = max(inFlight - 1, 0) }

    /// An answer has begun.
    /// - Parameters:
    ///   - latency: since it was asked for.
    ///   - isOverload: the upstream says that it has too much to do, or did not answer in time.
    ///   - now: of a monotonic clock.
    package mutating func note(latency: Int, isOverload: Bool, now: Int) {
        window.sum += Double(max(latency, 1))
        window.count += 1
        window.most = max(window.most, inFlight)
        window.hasOverload = window.hasOverload || isOverload
        let began = window.began ?? now
        window.began = began
        guard window.count >= Self.windowAnswers, now - began >= Self.windowMicroseconds else { return }
        adapt()
        window = Window()
    }

    private mutating func adapt() {
        let present = window.sum / Double(window.count)
        if usual == 0 { usual = present }
        let isUnderused = Double(window.most) < limit / 2
        if present < usual {
            usual = (usual + present) / 2
        } else if isUnderused || current <= settings.minimum {
            // Longer without a queue of ours: the upstream has become slower. With one, it would be taken for usual, and grow.
            usual += (present - usual) * Self.drift
        }
        if window.hasOverload {
            limit = bounded(limit * 0.8)
            return
        }
        let gradient = min(max(settings.tolerance * usual / present, 0.5), 1)
        // With half of it unused the limit is not what keeps latency low, so nothing is learnt about it.
        if gradient == 1, isUnderused { return }
        let next = limit * gradient + limit.squareRoot()
        limit = bounded(limit * 0.8 + next * 0.2)
    }

    private func bounded(_ value: Double) -> Double {
        min(max(value, Double(settings.minimum)), Double(settings.maximum))
    }
}
