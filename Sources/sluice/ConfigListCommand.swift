import ArgumentParser
import Filters
import Gateway

/// `sluice config list`: the revisions that Redis holds.
struct ConfigListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the revisions that were pushed, the newest first.",
        discussion: """
            Twenty are kept, those that are neither live nor the last good one for ninety days.

            Examples:
              sluice config list
              sluice config list --json
            """)

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config list") { access in
            let overview = try await RevisionsInRedis(access.client, namespace: access.namespace).overview()
            if state.json { return try Output.write(json: ConfigListJSON(overview)) }
            guard !overview.revisions.isEmpty else {
                return Output.write(
                    "nothing was pushed yet in namespace \(access.namespace); begin with: sluice config push gateway.yaml\n"
                )
            }
            Output.write(ConfigTable.text(overview))
        }
    }
}

enum ConfigTable {
    static func text(_ overview: RevisionOverview) -> String {
        var table = Table(
            ("REV", .right), ("STATE", .left), ("DIGEST", .left), ("PUSHED", .right), ("BY", .left), ("NODES", .left),
            ("NOTE", .left))
        for revision in overview.revisions {
            let refusals = revision.acknowledgements.filter { $0.refusal != nil }
            let taken = revision.acknowledgements.count - refusals.count
            table.append(
                "\(revision.number)", revision.state, String(revision.digest.prefix(12)),
                TimeText.ago(microseconds: revision.sinceMicroseconds), revision.author,
                "\(taken) ok" + (refusals.isEmpty ? "" : ", \(refusals.count) refused"), revision.note)
        }
        guard let candidate = overview.candidate else { return table.text }
        return table.text
            + "\(candidate) is being tried on \(Table.harmless(overview.canary)), for at most \(TimeText.of(microseconds: overview.leftMicroseconds)) more\n"
    }
}

/// Revisions as `--json` prints them.
struct ConfigListJSON: Encodable {
    struct Revision: Encodable {
        let revision: Int
        let state: String
        let digest: String
        let pushedMsAgo: Double
        let author: String
        let note: String
        let bytes: Int
        let nodes: [Node]
    }

    struct Node: Encodable {
        let node: String
        let ok: Bool
        let reason: String?
        let msAgo: Double
    }

    let live: Int?
    let lastGood: Int?
    let candidate: Int?
    let canary: String?
    let revisions: [Revision]

    init(_ overview: RevisionOverview) {
        live = overview.live
        lastGood = overview.lastGood
        candidate = overview.candidate
        canary = overview.candidate == nil ? nil : overview.canary
        revisions = overview.revisions.map(Revision.init)
    }
}

extension ConfigListJSON.Revision {
    init(_ reading: RevisionReading) {
        self.init(
            revision: reading.number, state: reading.state, digest: reading.digest,
            pushedMsAgo: Double(reading.sinceMicroseconds) / 1000, author: reading.author, note: reading.note,
            bytes: reading.bytes, nodes: reading.acknowledgements.map(ConfigListJSON.Node.init))
    }
}

extension ConfigListJSON.Node {
    init(_ acknowledgement: RevisionReading.Acknowledgement) {
        self.init(
            node: acknowledgement.node, ok: acknowledgement.refusal == nil, reason: acknowledgement.refusal,
            msAgo: Double(acknowledgement.sinceMicroseconds) / 1000)
    }
}
