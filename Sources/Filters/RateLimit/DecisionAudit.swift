import GatewayCore
import HTTPWire
import Telemetry

/// One worker's part of the audit of limit decisions (`<namespace>:decisions`): a sample, bounded, handed to the node's
/// heartbeat once a second, so that no request waits for it and Redis gets one write.
package final class DecisionAudit {
    package struct Rules: Hashable, Sendable {
        /// The share of admitted and of refused requests that is recorded, 0…1.
        package var admitted: Double
        package var refused: Double
        /// About so many entries are kept, for so long after the last.
        package var keep: Int
        package var lifeMilliseconds: Int

        package init(admitted: Double, refused: Double, keep: Int, lifeMilliseconds: Int) {
            self.admitted = admitted
            self.refused = refused
            self.keep = keep
            self.lifeMilliseconds = lifeMilliseconds
        }
    }

    /// A decision about one policy and subject.
    package struct Entry: Hashable, Sendable {
        package var policy = ""
        /// As in the bucket's key.
        package var subject = ""
        package var cost = 0
        /// Whole tokens of the scarcest window.
        package var before = 0
        package var after = 0
        package var decision = ""
        package var route = ""
        /// Of such decisions that were recorded.
        package var share = 1.0
        /// Of this process' monotonic clock.
        package var atMicroseconds = 0

        package init() {}
    }

    /// Between two heartbeats; beyond them decisions are counted and forgotten.
    package static let mostEntries = 1000

    private let rules: Rules
    private var entries: [Entry] = []
    private var dueAdmitted = 0.0
    private var dueRefused = 0.0
    package private(set) var dropped = 0

    package init(_ rules: Rules) { self.rules = rules }

    /// What has been recorded since the last call.
    package func take() -> [Entry] {
        defer { entries.removeAll(keepingCapacity: true) }
        return entries
    }

    /// Whether the next decision of its kind is recorded; nil: it is not, otherwise the share of those that are.
    func wants(isRefused: Bool) -> Double? {
        let share = isRefused ? rules.refused : rules.admitted
        guard share > 0 else { return nil }
        let due = (isRefused ? dueRefused : dueAdmitted) + share
        let isWanted = due >= 1
        if isRefused { dueRefused = isWanted ? due - 1 : due } else { dueAdmitted = isWanted ? due - 1 : due }
        return isWanted ? share : nil
    }

    func record(
        _ entry: TakeRequest.Entry, subject: Bytes, states: ArraySlice<TakeRequest.WindowState>,
        decision: LimitDecision, route: String, share: Double
    ) {
        guard entries.count < Self.mostEntries else { return dropped += 1 }
        var record = Entry()
        record.policy = entry.policy.name
        record.subject = BucketName(policy: entry.policy.name, subject: subject.text).subject
        record.cost = entry.cost
        record.after = states.map(\.remaining).min() ?? entry.places?.remaining ?? 0
        record.before = decision == .admitted ? record.after + entry.cost : record.after
        record.decision = "\(decision.label)"
        record.route = route
        record.share = share
        record.atMicroseconds = MonotonicClock.microseconds()
        entries.append(record)
    }
}
