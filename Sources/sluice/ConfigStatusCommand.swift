import ArgumentParser
import Filters
import Gateway

/// `sluice config status`: which node runs what.
struct ConfigStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show which node runs which configuration, and which has refused one; exit status 1 if they differ.",
        discussion: """
            A node that is not in step runs on with what it has. FROM says where it has its configuration: redis; disk, its
            last good one, since Redis could not be asked at its start; or a file, which is not followed.

            Examples:
              sluice config status
              sluice config status --json | jq '.nodes[] | select(.in_step | not)'
            """)

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config status") { access in
            let overview = try await RevisionsInRedis(access.client, namespace: access.namespace).overview()
            let nodes = try await NodesInRedis(access.client, namespace: access.namespace).list()
            let status = ConfigStatus(overview, nodes)
            if state.json { try Output.write(json: status) } else { Output.write(status.text) }
            guard status.isInStep else { throw ExitCode.failure }
        }
    }
}

/// Who runs what, as `--json` prints it.
struct ConfigStatus: Encodable {
    struct Node: Encodable {
        let node: String
        /// `redis`, `disk`, `file`, or nothing if it has not told.
        let from: String
        let revision: Int?
        let digest: String
        let inStep: Bool
        /// Why it has refused what it is to run.
        let reason: String?
    }

    let live: Int?
    let candidate: Int?
    let canary: String?
    let nodes: [Node]

    init(_ overview: RevisionOverview, _ readings: [NodeReading]) {
        live = overview.live
        candidate = overview.candidate
        canary = overview.candidate == nil ? nil : overview.canary
        nodes = readings.map { reading in
            let isCanary = overview.candidate != nil && reading.id == overview.canary
            let wanted = isCanary ? overview.candidate : overview.live
            let refusal = wanted.flatMap { overview.revision($0)?.acknowledgement(of: reading.id)?.refusal }
            return Node(
                node: reading.id, from: reading.origin, revision: reading.configuration, digest: reading.revision,
                inStep: !reading.isFollowing || (reading.configuration == wanted && refusal == nil), reason: refusal)
        }
    }

    var isInStep: Bool { nodes.allSatisfy(\.inStep) }

    var text: String {
        var table = Table(("NODE", .left), ("FROM", .left), ("REV", .right), ("DIGEST", .left), ("", .left))
        for node in nodes {
            table.append(
                node.node, node.from, node.revision.map { "\($0)" } ?? "", node.digest,
                node.inStep ? (node.node == canary ? "tries it" : "ok") : node.reason == nil ? "behind" : "refused")
            for line in (node.reason ?? "").split(separator: "\n").prefix(5) { table.note(String(line)) }
        }
        let what = live.map { "live is revision \($0)" } ?? "no revision is live"
        let trial = candidate.map { "; \($0) is being tried on \(Table.harmless(canary ?? ""))" } ?? ""
        return (nodes.isEmpty ? "no live node\n" : table.text) + what + trial + "\n"
    }
}
