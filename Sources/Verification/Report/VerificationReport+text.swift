import Foundation

/// The report as a table: what, how much, and what that means.
extension VerificationReport {
    package var text: String {
        var rows: [(String, String, String)] = [
            ("allowed", Figures.count(allowed), allowedNote),
            ("admitted", Figures.count(admitted), admittedNote),
            ("over-admission", Figures.count(overAdmission), overNote),
            ("efficiency", Figures.percent(efficiency), "of what one perfect bucket admits of the same demand"),
            ("refused", Figures.count(refused), ""),
            ("errors", Figures.count(errors.values.reduce(0, +)), errorNote),
        ]
        if decidedAlone > 0 { rows.insert(("without Redis", Figures.count(decidedAlone), aloneNote), at: 3) }
        if unsent > 0 { rows.append(("not sent", Figures.count(unsent), "all connections of all nodes were busy")) }
        if let redis { rows.append(("Redis", Figures.fraction(redis.callsPerRequest, 4), redis.note)) }
        if let latency { rows += latency.rows }
        rows.append(("verdict", isWithinBound ? "pass" : "FAIL", "bound: \(bound)"))
        return ([heading, ""] + Figures.table(rows)).joined(separator: "\n")
    }

    package var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            encoder.keyEncodingStrategy = .convertToSnakeCase
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    private var heading: String {
        let shared = policy.subjects == 1 ? "" : " for each of \(Figures.count(policy.subjects)) subjects"
        let chaos = faults.isEmpty ? "" : ", \(faults.count) faults"
        return
            "\(nodes) nodes, \(policy.rates.joined(separator: " and "))\(shared), \(Figures.count(requests)) requests "
            + "in \(Figures.fraction(seconds, 1)) s\(chaos), seed \(seed)"
    }

    private var allowedNote: String {
        let subjects = policy.subjects == 1 ? "" : ", for each subject met"
        return "capacity \(Figures.count(policy.capacity)) + \(policy.rates.joined(separator: " and ")) "
            + "× \(Figures.fraction(seconds, 2)) s\(subjects)"
    }

    private var admittedNote: String {
        let upstream = admittedUpstream.map { "; the upstream counted \(Figures.count($0))" } ?? ""
        return "\(Figures.count(admittedAnswered)) answered with success\(upstream)"
    }

    private var overNote: String {
        guard let worst = worstInterval, isWithinBound || worst.margin > 0 else {
            return worstIntervalAlone.map { "a node alone: \($0.text)" } ?? ""
        }
        return worst.text
    }

    private var aloneNote: String {
        guard let worst = worstIntervalTogether, worst.margin > 0 else {
            return "decided by nodes on their own; together with the rest within the policy too"
        }
        return "decided by nodes on their own; at most \(Figures.count(Int(worst.margin.rounded(.up)))) ahead of the "
            + "policy for a time, charged afterwards"
    }

    private var errorNote: String {
        errors.sorted { $0.value > $1.value }.map { "\(Figures.count($0.value)) \($0.key)" }.joined(separator: ", ")
    }
}

extension VerificationReport.Interval {
    fileprivate var text: String {
        let place = "\(Figures.fraction(lengthSeconds, 3)) s from \(Figures.fraction(fromSeconds, 3)) s on"
        return margin > 0
            ? "too many in \(place): \(Figures.count(admitted))"
            : "the worst interval, \(place), stayed \(Figures.fraction(-margin, 1)) below its bound"
    }
}

extension VerificationReport.Redis {
    fileprivate var note: String {
        "script calls per request (\(Figures.count(scriptCalls)) in all, heartbeats among them; "
            + "\(Figures.fraction(microsecondsPerCall, 0)) µs each)"
    }
}

extension VerificationReport.Latency {
    fileprivate var rows: [(String, String, String)] {
        [
            ("latency p50", Figures.milliseconds(p50Microseconds), note(p50Microseconds, directP50Microseconds)),
            (
                "latency p99", Figures.milliseconds(p99Microseconds),
                note(p99Microseconds, directP99Microseconds) + "; the slowest took "
                    + Figures.milliseconds(slowestMicroseconds)
            ),
        ]
    }

    private func note(_ through: Int, _ direct: Int?) -> String {
        guard let direct else { return "of admitted requests" }
        return "of admitted requests; directly to the upstream \(Figures.milliseconds(direct)), "
            + "added \(Figures.milliseconds(through - direct))"
    }
}
