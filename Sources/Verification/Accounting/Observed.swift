/// One request of the load, as client and upstream saw it. Instants are microseconds of this process.
package struct Observed: Hashable, Sendable {
    package enum Ending: UInt8, Sendable, CaseIterable {
        case answered
        /// The connection could not be opened.
        case unreachable
        /// The connection ended before the answer.
        case connectionLost
        /// No answer within the client's patience.
        case timeout
        /// What came is no HTTP response.
        case malformed
    }

    package let node: Int
    package let subject: Int
    /// Just before it was written.
    package let sent: Int
    /// When the upstream received it, at first; nil: never, or nobody knows.
    package internal(set) var reached: Int?
    package internal(set) var ended = 0
    package internal(set) var ending = Ending.answered
    /// 0 without an answer.
    package internal(set) var status = 0
    /// The node said that it decided without Redis.
    package internal(set) var isDegraded = false

    package init(node: Int, subject: Int, sent: Int) {
        self.node = node
        self.subject = subject
        self.sent = sent
    }

    /// The upstream counts, not only the client: an admission whose answer was lost is one too.
    package var isAdmitted: Bool { reached != nil || ending == .answered && (200..<400).contains(status) }

    package var admission: Admission { Admission(earliest: sent, latest: reached ?? ended) }

    /// Microseconds until its end.
    package var duration: Int { ended - sent }
}

/// All that came of a load.
package struct Observation: Sendable {
    package internal(set) var requests: [Observed] = []
    /// Times that a request reached the upstream; a node may repeat one whose connection broke.
    package internal(set) var arrivals = 0
    /// Requests that were due when every connection was busy or no node could be reached.
    package internal(set) var unsent = 0
    /// Microseconds that requests took which went to the upstream directly.
    package internal(set) var direct: [Int] = []

    package init() {}

    package var admitted: [Observed] { requests.filter(\.isAdmitted) }

    /// How often each status came.
    package var statuses: [Int: Int] {
        requests.reduce(into: [:]) { if $1.ending == .answered { $0[$1.status, default: 0] += 1 } }
    }

    package var endings: [Observed.Ending: Int] {
        requests.reduce(into: [:]) { if $1.ending != .answered { $0[$1.ending, default: 0] += 1 } }
    }

    /// The worst of all subjects and windows.
    /// - Parameter counts: which requests to count.
    package func check(_ quotas: [Quota], where counts: (Observed) -> Bool = { _ in true }) -> BoundCheck {
        let subjects = Dictionary(grouping: requests.filter { $0.isAdmitted && counts($0) }, by: \.subject)
        var worst = BoundCheck([], Quota(capacity: 0, rate: 0))
        for requests in subjects.values {
            let admissions = requests.map(\.admission)
            for quota in quotas { worst = worst.worse(BoundCheck(admissions, quota)) }
        }
        return worst
    }

    /// What perfect buckets would have admitted of the requests that were answered or reached the upstream.
    package func ideal(_ quotas: [Quota]) -> Int {
        let subjects = Dictionary(
            grouping: requests.filter { $0.ending == .answered || $0.isAdmitted }, by: \.subject)
        return subjects.values.reduce(0) { $0 + IdealBucket.admitted(of: $1.map(\.sent), quotas) }
    }

    /// From the first request that was sent to the last that was decided, in microseconds.
    package var length: Int {
        guard let first = requests.map(\.sent).min(), let last = requests.map(\.ended).max() else { return 0 }
        return last - first
    }
}

extension [Int] {
    /// The value that this share of them does not exceed; nil if there are none.
    package func percentile(_ share: Double) -> Int? {
        let sorted = sorted()
        return sorted.isEmpty ? nil : sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
}
