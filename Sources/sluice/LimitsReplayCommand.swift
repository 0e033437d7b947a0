import ArgumentParser
import Filters
import Foundation
import Gateway
import Policies

/// `sluice limits replay`: what a proposed policy would have refused.
struct LimitsReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run recorded demand against a proposed policy, and say what it would have refused.",
        discussion: """
            Demand comes from the audit in Redis (telemetry.decisions in the configuration; what was sampled counts for as
            many as it stands for), or from a file: lines of JSON, as the access log or this command's --record writes them.

            Examples:
              sluice limits replay --policy 100/minute
              sluice limits replay --policy 10/second --policy 1000/hour --of users.consumer
              sluice limits replay --policy 50/minute --burst 100 --from access.log --subject client
            """)

    @Option(help: ArgumentHelp("A rate such as 100/minute; given again, all of them must admit.", valueName: "rate"))
    var policy: [String]

    @Option(help: "Tokens that a bucket holds; by default the rate's own number.")
    var burst: Int?

    @Option(help: ArgumentHelp("stream: the audit in Redis; or a file.", valueName: "stream|file"))
    var from = "stream"

    @Option(name: .customLong("of"), help: "Only what was decided by this policy; needed if there are several.")
    var recorded: String?

    @Option(help: "Of a file of the access log: count by consumer, client or route.")
    var subject = "consumer"

    @Option(help: "How many subjects to show, the most refused first.")
    var limit = 20

    @OptionGroup var state: SharedStateOptions

    private static let most = 5_000_000

    func validate() throws {
        guard !policy.isEmpty else { throw ValidationError("--policy is missing; expected a rate such as 100/minute") }
        guard limit >= 1 else { throw ValidationError("--limit \(limit): expected at least 1") }
        _ = try windows()
    }

    func run() async throws {
        if from == "stream" {
            try await state.run("sluice limits replay") { access in
                let readings = try await DecisionsInRedis(access.client, namespace: access.namespace).all(
                    atMost: Self.most)
                try report(try ReplayDemand.of(readings, policy: recorded))
            }
        } else {
            try report(try ReplayDemand.of(file: from, subject: subject))
        }
    }

    private func windows() throws -> [RateWindow] {
        if let burst, !RateWindow.countRange.contains(burst) {
            throw ValidationError("--burst \(burst): expected a whole number of at least 1")
        }
        return try policy.flatMap { $0.split(separator: ",") }.map { text in
            let count = text.split(separator: "/").first.flatMap { Int($0) } ?? 0
            guard let window = RateWindow(rate: String(text), capacity: burst ?? max(1, count)) else {
                throw ValidationError("--policy \(text): expected a rate such as 100/minute, 10/second or 5/10s")
            }
            return window
        }
    }

    private func report(_ demand: [DemandReplay.Request]) throws {
        let outcomes = DemandReplay(try windows()).run(demand)
        let page = ReplayPage(policy: policy.joined(separator: ", "), demand, outcomes, most: limit)
        if state.json { try Output.write(json: page) } else { Output.write(page.text) }
    }
}

/// Where demand comes from.
enum ReplayDemand {
    static func of(_ readings: [DecisionsInRedis.Reading], policy: String?) throws -> [DemandReplay.Request] {
        let names = Set(readings.map(\.policy))
        guard !readings.isEmpty else {
            throw fail(
                "sluice limits replay: no decision is recorded; set telemetry: { decisions: { sample: 100% } } in the configuration, or name a file with --from"
            )
        }
        if policy == nil, names.count > 1 {
            throw fail(
                "sluice limits replay: decisions of \(names.count) policies are recorded; choose one with --of: \(names.sorted().joined(separator: ", "))"
            )
        }
        if let policy, !names.contains(policy) {
            throw fail(
                "sluice limits replay: no decision of \(policy) is recorded; there are those of \(names.sorted().joined(separator: ", "))"
            )
        }
        return readings.filter { policy == nil || $0.policy == policy }.map {
            DemandReplay.Request(time: $0.time, subject: $0.subject, cost: $0.cost, weight: $0.weight)
        }
    }

    /// Lines of the access log in JSON; those that are none, or name no subject, are passed over.
    static func of(file: String, subject: String) throws -> [DemandReplay.Request] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw fail("sluice limits replay: the file \(file) can't be read")
        }
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        let demand = data.split(separator: UInt8(ascii: "\n")).compactMap { line -> DemandReplay.Request? in
            guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any],
                let name = object[subject] as? String ?? object["subject"] as? String,
                let date = (object["time"] as? String).flatMap({ formatter.date(from: $0) })
            else { return nil }
            return DemandReplay.Request(
                time: Int(date.timeIntervalSince1970 * 1000) * 1000, subject: name, cost: object["cost"] as? Int ?? 1,
                weight: object["weight"] as? Int ?? 1)
        }
        guard !demand.isEmpty else {
            throw fail(
                "sluice limits replay: no line of \(file) is JSON with \"time\" and \"\(subject)\", as the access log has"
            )
        }
        return demand
    }
}

/// What a replay came to.
struct ReplayPage: Encodable {
    struct Subject: Encodable {
        let subject: String
        let requests: Int
        let refused: Int
        let refusedShare: Double
    }

    let policy: String
    let requests: Int
    let refused: Int
    let refusedShare: Double
    let seconds: Double
    let subjects: Int
    let subjectsRefused: Int
    let mostRefused: [Subject]

    init(policy: String, _ demand: [DemandReplay.Request], _ outcomes: [String: DemandReplay.Outcome], most: Int) {
        self.policy = policy
        requests = outcomes.values.reduce(0) { $0 + $1.total }
        refused = outcomes.values.reduce(0) { $0 + $1.refused }
        refusedShare = requests == 0 ? 0 : Double(refused) / Double(requests)
        let times = demand.map(\.time)
        seconds = Double((times.max() ?? 0) - (times.min() ?? 0)) / 1_000_000
        subjects = outcomes.count
        subjectsRefused = outcomes.values.count { $0.refused > 0 }
        mostRefused = outcomes.sorted { ($1.value.refused, $0.key) < ($0.value.refused, $1.key) }.prefix(most).map {
            Subject(subject: $0.key, requests: $0.value.total, refused: $0.value.refused, refusedShare: $0.value.share)
        }
    }

    var text: String {
        var table = Table(("SUBJECT", .left), ("REQUESTS", .right), ("REFUSED", .right), ("SHARE", .right))
        for one in mostRefused {
            table.append(one.subject, "\(one.requests)", "\(one.refused)", Self.percent(one.refusedShare))
        }
        let time = TimeText.past(Int(seconds * 1_000_000))
        let summary =
            "\(policy) would have refused \(refused) of \(requests) requests (\(Self.percent(refusedShare))) within \(time), "
            + "of \(subjectsRefused) of \(subjects) subjects\n"
        return summary + table.text
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }
}
