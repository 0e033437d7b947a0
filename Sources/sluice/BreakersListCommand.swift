import ArgumentParser
import Filters
import Gateway
import Policies

/// `sluice breakers list`: state, reason and evidence of each.
struct BreakersListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the breakers with their reasons.",
        discussion: """
            An upstream that nobody has called for a while is not here; its breaker is closed.

            Example: sluice breakers list --json
            """)

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice breakers") { access in
            let readings = try await BreakersInRedis(access.client, namespace: access.namespace).list()
            if state.json { return try Output.write(json: BreakersJSON(breakers: readings.map { .init($0) })) }
            guard !readings.isEmpty else {
                return Output.write(
                    "no breaker in namespace \(access.namespace) has seen calls lately: all are closed\n")
            }
            Output.write(BreakersTable.text(readings))
        }
    }
}

enum BreakersTable {
    static func text(_ readings: [BreakerReading]) -> String {
        var table = Table(
            ("UPSTREAM", .left), ("STATE", .left), ("SINCE", .right), ("CALLS", .right), ("FAILED", .right),
            ("SLOW", .right), ("NODES", .right), ("NEXT", .left), ("CAUSE", .left))
        for reading in readings {
            table.append(
                reading.upstream, reading.force == nil ? reading.state.rawValue : "\(reading.state.rawValue) (forced)",
                reading.ageMicroseconds.map { TimeText.past($0) } ?? "", "\(reading.calls)", "\(reading.failed)",
                "\(reading.slow)", "\(reading.evidence.count)", next(reading), reading.cause)
            for node in reading.evidence where node.row > 0 {
                let failures = "\(node.row) failure\(node.row == 1 ? "" : "s") in a row"
                table.note(
                    "\(node.node): \(failures), reported \(TimeText.ago(microseconds: node.sinceReportMicroseconds))")
            }
        }
        return table.text
    }

    private static func next(_ reading: BreakerReading) -> String {
        guard reading.probing.isEmpty else { return "probed by \(reading.probing.joined(separator: ", "))" }
        guard let remaining = reading.remainingMicroseconds else { return "" }
        if reading.state == .closed { return "auto in \(TimeText.of(microseconds: remaining))" }
        return remaining == 0 ? "probe at the next call" : "probe in \(TimeText.of(microseconds: remaining))"
    }
}

/// Breakers as `--json` prints them.
struct BreakersJSON: Encodable {
    struct Node: Encodable {
        let node: String
        let failuresInARow: Int
        let reportedMsAgo: Double
    }

    struct Breaker: Encodable {
        let upstream: String
        let state: String
        let epoch: Int
        let sinceMs: Double?
        let cause: String
        let forced: String?
        let remainingMs: Double?
        let calls: Int
        let failed: Int
        let slow: Int
        let nodes: [Node]
        let probing: [String]
    }

    let breakers: [Breaker]
}

extension BreakersJSON.Breaker {
    init(_ reading: BreakerReading) {
        self.init(
            upstream: reading.upstream, state: reading.state.rawValue, epoch: reading.epoch,
            sinceMs: reading.ageMicroseconds.map { Double($0) / 1000 }, cause: reading.cause,
            forced: reading.force?.rawValue, remainingMs: reading.remainingMicroseconds.map { Double($0) / 1000 },
            calls: reading.calls, failed: reading.failed, slow: reading.slow,
            nodes: reading.evidence.map {
                .init(
                    node: $0.node, failuresInARow: $0.row, reportedMsAgo: Double($0.sinceReportMicroseconds) / 1000)
            }, probing: reading.probing)
    }
}
