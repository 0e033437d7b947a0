/// Recorded demand, run against a policy that is not in force: what would it have refused?
///
/// The buckets are those of the nodes, with the arithmetic of the nodes, all windows or none. What leases and several nodes
/// would change is left out: they only ever refuse a little sooner.
package struct DemandReplay: Sendable {
    /// A request that was recorded; or several, of which one was.
    package struct Request: Hashable, Sendable {
        /// Microseconds, of any clock that is the same for all.
        package var time: Int
        package var subject: String
        package var cost: Int
        /// How many it stands for, by the share that was recorded.
        package var weight: Int

        package init(time: Int, subject: String, cost: Int = 1, weight: Int = 1) {
            self.time = time
            self.subject = subject
            self.cost = cost
            self.weight = weight
        }
    }

    /// What would have become of one subject's requests.
    package struct Outcome: Hashable, Sendable {
        package var admitted = 0
        package var refused = 0
        /// When the first was refused; nil: none was.
        package var firstRefusal: Int?

        package var total: Int { admitted + refused }
        package var share: Double { total == 0 ? 0 : Double(refused) / Double(total) }
    }

    package static let mostWeight = 10_000

    private struct Subject {
        var levels: [WindowLevel]
        var last: Int
        var outcome = Outcome()
    }

    private let windows: [RateWindow]

    package init(_ windows: [RateWindow]) { self.windows = windows }

    /// By subject.
    package func run(_ demand: [Request]) -> [String: Outcome] {
        var subjects: [String: Subject] = [:]
        for request in demand.sorted(by: { $0.time < $1.time }) {
            var subject = subjects[request.subject] ?? begin(at: request.time)
            let weight = min(max(1, request.weight), Self.mostWeight)
            // Those that were not recorded came at some time since the one before.
            let gap = request.time - subject.last
            for index in 1...weight {
                take(max(1, request.cost), at: subject.last + gap / weight * index, &subject)
            }
            subject.last = request.time
            subjects[request.subject] = subject
        }
        return subjects.mapValues(\.outcome)
    }

    private func begin(at time: Int) -> Subject {
        Subject(levels: windows.map { WindowLevel(full: $0, period: time..<time, now: time) }, last: time)
    }

    private func take(_ cost: Int, at time: Int, _ subject: inout Subject) {
        for index in windows.indices { subject.levels[index].advance(to: time, windows[index], period: time..<time) }
        let isAdmitted = windows.indices.allSatisfy { subject.levels[$0].tokens(windows[$0]) >= cost }
        guard isAdmitted else {
            subject.outcome.refused += 1
            if subject.outcome.firstRefusal == nil { subject.outcome.firstRefusal = time }
            return
        }
        for index in windows.indices { subject.levels[index].take(cost, windows[index]) }
        subject.outcome.admitted += 1
    }
}
