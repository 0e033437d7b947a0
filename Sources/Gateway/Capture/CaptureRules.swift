import GatewayCore
import JSON
import Synchronization
import Telemetry

/// The captures of a node: its rules, and what was captured by them. Nothing of it leaves its memory but by the admin API.
///
/// Bounded: rules, their time, exchanges and bytes, and the bytes of the node, from which each exchange takes what it
/// may need before it is captured. What has ended can be read for a while, and is then forgotten.
final class CaptureRules: Sendable {
    static let mostRules = 16
    static let mostBytes = 16 << 20
    /// How long what an ended rule has captured can be read.
    static let afterlifeMicroseconds = 900_000_000

    enum End: String, Sendable { case expired, full }

    struct Reading: Sendable {
        let rule: CaptureRule
        fileprivate(set) var exchanges: [CapturedExchange] = []
        /// Requests that were not captured since the node had no room for them.
        fileprivate(set) var missed = 0
        /// Nil: it is in force.
        fileprivate(set) var end: End?
        fileprivate var forgottenMicroseconds = Int.max

        init(rule: CaptureRule) { self.rule = rule }
    }

    enum Refusal: Error {
        case tooMany
        case taken(by: String)
    }

    private let readings = Mutex<[Reading]>([])
    private let heldBytes = Atomic<Int>(0)
    private let log: StructuredLog?
    private let now: @Sendable () -> Int
    private let changed = Mutex<(@Sendable () -> Void)?>(nil)

    init(log: StructuredLog? = nil, now: @escaping @Sendable () -> Int = MonotonicClock.microseconds) {
        self.log = log
        self.now = now
    }

    /// - Parameter body: called whenever other rules are in force than before.
    func whenChanged(_ body: @escaping @Sendable () -> Void) { changed.withLock { $0 = body } }

    /// Those in force.
    var active: [CaptureRule] {
        readings.withLock { $0.filter { $0.end == nil }.map(\.rule) }
    }

    var bytes: Int { heldBytes.load(ordering: .relaxed) }

    func list() -> [Reading] {
        tend()
        return readings.withLock { $0 }
    }

    func read(_ id: String) -> Reading? { list().first { $0.rule.id == id } }

    // MARK: Rules

    /// Puts a rule in force until its time is over.
    /// - Parameter replaces: whether one for the same route ends with it, rather than keeping it out.
    func make(_ rule: CaptureRule, replaces: Bool = false) throws(Refusal) {
        tend()
        try readings.withLock { readings throws(Refusal) in
            if readings.contains(where: { $0.rule.id == rule.id }) { return }
            let rival = readings.first { $0.end == nil && $0.rule.terms.route == rule.terms.route }
            if let rival, !replaces { throw .taken(by: rival.rule.id) }
            if let rival { drop(rival.rule.id, from: &readings) }
            // What has ended makes room for what begins.
            if readings.count >= Self.mostRules, let ended = readings.first(where: { $0.end != nil }) {
                drop(ended.rule.id, from: &readings)
            }
            guard readings.count < Self.mostRules else { throw .tooMany }
            readings.append(Reading(rule: rule))
        }
        log?.log(
            .warning, "bodies of a route are captured",
            [
                "capture": .string(rule.id), "route": .string(rule.terms.route),
                "seconds": .integer(rule.terms.seconds),
                "bytes": .integer(rule.terms.bytes), "exchanges": .integer(rule.terms.exchanges),
                "made_by": .string(rule.madeBy),
            ], thins: false)
        changed.withLock { $0 }?()
        Task { [weak self] in
            // The clock of tasks may be ahead of ours, which stands still while the machine sleeps.
            while let left = self?.microsecondsLeft(of: rule), left > 0 {
                try? await Task.sleep(for: .microseconds(left + 1000))
            }
            self?.tend()
        }
    }

    private func microsecondsLeft(of rule: CaptureRule) -> Int { rule.isActive ? rule.endsMicroseconds - now() : 0 }

    /// Ends a rule and forgets what it has captured.
    /// - Returns: false if there is none of this id.
    @discardableResult
    func remove(_ id: String) -> Bool {
        let removed = readings.withLock { drop(id, from: &$0) }
        guard let removed else { return false }
        if removed.end == nil { tell(removed, "ended") }
        changed.withLock { $0 }?()
        return true
    }

    /// Ends what is over, and forgets what has been for long.
    private func tend() {
        let now = now()
        let ended = readings.withLock { readings in
            var ended: [Reading] = []
            for index in readings.indices where readings[index].end == nil {
                guard readings[index].rule.isExpired(now: now) else { continue }
                end(&readings[index], .expired)
                ended.append(readings[index])
            }
            for reading in readings where now >= reading.forgottenMicroseconds {
                drop(reading.rule.id, from: &readings)
            }
            return ended
        }
        guard !ended.isEmpty else { return }
        for reading in ended { tell(reading, "expired") }
        changed.withLock { $0 }?()
    }

    private func end(_ reading: inout Reading, _ end: End) {
        reading.rule.end()
        reading.end = end
        reading.forgottenMicroseconds = now() + Self.afterlifeMicroseconds
    }

    @discardableResult
    private func drop(_ id: String, from readings: inout [Reading]) -> Reading? {
        guard let index = readings.firstIndex(where: { $0.rule.id == id }) else { return nil }
        let reading = readings.remove(at: index)
        reading.rule.end()
        release(reading.exchanges.reduce(0) { $0 + $1.size })
        return reading
    }

    private func tell(_ reading: Reading, _ how: String) {
        log?.log(
            .warning, "a capture has ended",
            [
                "capture": .string(reading.rule.id), "route": .string(reading.rule.terms.route), "how": .string(how),
                "captured": .integer(reading.exchanges.count), "missed": .integer(reading.missed),
            ], thins: false)
    }

    // MARK: Exchanges

    /// Takes room for what may be captured of an exchange, to be given back by `release` or `keep`.
    /// - Returns: false: there is none left, which is counted.
    func reserve(_ bytes: Int, for rule: CaptureRule) -> Bool {
        if heldBytes.add(bytes, ordering: .relaxed).newValue <= Self.mostBytes { return true }
        release(bytes)
        readings.withLock { readings in
            if let index = readings.firstIndex(where: { $0.rule === rule }) { readings[index].missed += 1 }
        }
        return false
    }

    func release(_ bytes: Int) { heldBytes.subtract(bytes, ordering: .relaxed) }

    /// The exchange has ended: it is kept if its rule still is.
    /// - Parameter reserved: what was taken for it, at least its size.
    func keep(_ exchange: CapturedExchange, of rule: CaptureRule, reserved: Int) {
        var full: Reading?
        let isKept = readings.withLock { readings in
            guard let index = readings.firstIndex(where: { $0.rule === rule }), readings[index].end != .full else {
                return false
            }
            var exchange = exchange
            exchange.sequence = readings[index].exchanges.count + 1
            readings[index].exchanges.append(exchange)
            if readings[index].exchanges.count >= rule.terms.exchanges, readings[index].end == nil {
                end(&readings[index], .full)
                full = readings[index]
            }
            return true
        }
        release(isKept ? reserved - exchange.size : reserved)
        guard let full else { return }
        tell(full, "full")
        changed.withLock { $0 }?()
    }
}
