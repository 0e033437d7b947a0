import Policies

/// What a verification found out, for people and for programs.
package struct VerificationReport: Encodable, Sendable {
    package struct Policy: Encodable, Sendable {
        package let rates: [String]
        package let capacity: Int
        package let subjects: Int
    }

    package struct Interval: Encodable, Sendable {
        /// How many more than it may an interval saw; negative: how far the worst one stayed below.
        package let margin: Double
        package let fromSeconds: Double
        package let lengthSeconds: Double
        package let admitted: Int
    }

    package struct Redis: Encodable, Sendable {
        package let scriptCalls: Int
        package let callsPerRequest: Double
        package let microsecondsPerCall: Double
    }

    package struct Latency: Encodable, Sendable {
        package let p50Microseconds: Int
        package let p99Microseconds: Int
        package let slowestMicroseconds: Int
        /// Nil with running nodes, whose upstream is not asked.
        package let directP50Microseconds: Int?
        package let directP99Microseconds: Int?
    }

    package struct FaultEntry: Encodable, Sendable {
        package let seconds: Double
        package let what: String
    }

    package let policy: Policy
    package let nodes: Int
    package let seconds: Double
    package let seed: UInt64
    package let faults: [FaultEntry]
    package let requests: Int
    package let allowed: Int
    package let demand: Int
    package let admitted: Int
    package let admittedAnswered: Int
    package let admittedUpstream: Int?
    package let overAdmission: Int
    package let worstInterval: Interval?
    /// Admitted by nodes that could not ask Redis.
    package let decidedAlone: Int
    package let worstIntervalAlone: Interval?
    package let worstIntervalTogether: Interval?
    package let efficiency: Double
    package let refused: Int
    package let unsent: Int
    package let errors: [String: Int]
    package let redis: Redis?
    package let latency: Latency?
    package let bound: String
    /// Whether nothing was admitted that may not be.
    package let isWithinBound: Bool

    package init(
        _ options: VerificationOptions, _ observation: Observation, _ verdict: Verdict, faults: [FaultSchedule.Entry],
        redis figures: RedisFigures?
    ) {
        let quotas = options.quotas
        let start = observation.requests.map(\.sent).min() ?? 0
        let subjects = Set(observation.requests.map(\.subject)).count
        policy = Policy(
            rates: options.windows.map(\.text), capacity: quotas.map(\.capacity).min() ?? 0, subjects: options.subjects)
        nodes = options.nodeCount
        seconds = Double(observation.length) / 1e6
        seed = options.seed
        self.faults = faults.map { FaultEntry(seconds: Double($0.time) / 1e3, what: "\($0.fault)") }
        requests = observation.requests.count
        allowed = (quotas.map { $0.allowed(in: observation.length) }.min() ?? 0) * max(1, subjects)
        demand = observation.ideal(quotas)
        admitted = observation.admitted.count
        admittedAnswered = observation.requests.count { $0.ending == .answered && (200..<400).contains($0.status) }
        admittedUpstream = options.targets.isEmpty ? observation.requests.count { $0.reached != nil } : nil
        overAdmission = verdict.overAdmission
        worstInterval = Interval(verdict.shared, since: start)
        decidedAlone = verdict.decidedAlone
        worstIntervalAlone = verdict.decidedAlone > 0 ? Interval(verdict.alone, since: start) : nil
        worstIntervalTogether = verdict.decidedAlone > 0 ? Interval(verdict.together, since: start) : nil
        efficiency = demand > 0 ? Double(admitted) / Double(demand) : 1
        refused = observation.statuses[429] ?? 0
        unsent = observation.unsent
        errors = Self.errors(observation)
        redis = figures.map { Redis($0, requests: observation.requests.count) }
        latency = Latency(observation)
        bound = Self.bound(verdict, quotas)
        isWithinBound = verdict.overAdmission == 0
    }

    private static func errors(_ observation: Observation) -> [String: Int] {
        var errors: [String: Int] = [:]
        for (status, count) in observation.statuses where status >= 400 && status != 429 {
            errors["status \(status)"] = count
        }
        for (ending, count) in observation.endings { errors[ending.name] = count }
        return errors
    }

    private static func bound(_ verdict: Verdict, _ quotas: [Quota]) -> String {
        let shared = "capacity + rate × time, in every interval, for each subject"
        guard verdict.decidedAlone > 0 else { return shared }
        return "\(shared); what a node decided without Redis: its share of both, by the number of nodes"
    }
}

extension Observed.Ending {
    /// In words for a report.
    var name: String {
        switch self {
        case .answered: "answered"
        case .unreachable: "node not reachable"
        case .connectionLost: "connection lost"
        case .timeout: "no answer"
        case .malformed: "malformed answer"
        }
    }
}

extension VerificationReport.Interval {
    fileprivate init?(_ check: BoundCheck, since start: Int) {
        guard check.margin.isFinite else { return nil }
        margin = check.margin
        fromSeconds = Double(check.from - start) / 1e6
        lengthSeconds = Double(check.until - check.from) / 1e6
        admitted = check.admitted
    }
}

extension VerificationReport.Redis {
    fileprivate init(_ figures: RedisFigures, requests: Int) {
        scriptCalls = figures.scriptCalls
        callsPerRequest = requests > 0 ? Double(figures.scriptCalls) / Double(requests) : 0
        microsecondsPerCall =
            figures.scriptCalls > 0 ? Double(figures.scriptMicroseconds) / Double(figures.scriptCalls) : 0
    }
}

extension VerificationReport.Latency {
    fileprivate init?(_ observation: Observation) {
        let durations = observation.requests.filter { $0.ending == .answered && $0.isAdmitted }.map(\.duration)
        guard let p50 = durations.percentile(0.5), let p99 = durations.percentile(0.99) else { return nil }
        p50Microseconds = p50
        p99Microseconds = p99
        slowestMicroseconds = durations.max() ?? 0
        directP50Microseconds = observation.direct.percentile(0.5)
        directP99Microseconds = observation.direct.percentile(0.99)
    }
}
