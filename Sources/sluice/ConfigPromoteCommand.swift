import ArgumentParser
import Filters
import Gateway

/// `sluice config promote`: a stored revision for all nodes.
struct ConfigPromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Have all nodes take a revision that was pushed before, at once.",
        discussion: """
            Exit status 1 if a node does not take it. A candidate that is being tried is taken before its time is over.

            Example: sluice config promote 7
            """)

    @Argument(help: "A number, the beginning of a digest, or candidate.")
    var revision: String

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config promote") { access in
            let rollout = ConfigRollout(access, isQuiet: state.json)
            let reading = try RevisionName.resolve(revision, in: try await rollout.revisions.overview())
            try await rollout.finish(try await rollout.promote(reading.number))
        }
    }
}

/// `sluice config rollback`: back to what was good.
struct ConfigRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Have all nodes go back to the last good revision, or to the one named; ends a trial first.",
        discussion: """
            While a revision is being tried, rollback without a name only ends the trial.

            Examples:
              sluice config rollback
              sluice config rollback 5
            """)

    @Argument(help: "A number or the beginning of a digest; if not given, the last good one.")
    var revision: String?

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice config rollback") { access in
            let rollout = ConfigRollout(access, isQuiet: state.json)
            let overview = try await rollout.revisions.overview()
            if revision == nil, let candidate = overview.candidate {
                try await rollout.revisions.withdraw(candidate)
                return try await rollout.finish(
                    .init(revision: candidate, state: .withdrawn, reason: "its trial was ended", nodes: []),
                    isWanted: true)
            }
            guard revision != nil || overview.lastGood != nil else {
                throw NothingToRollBackTo(live: overview.live)
            }
            let reading = try RevisionName.resolve(revision ?? "last-good", in: overview)
            try await rollout.finish(try await rollout.promote(reading.number, isRollback: true))
        }
    }
}

private struct NothingToRollBackTo: Error, CustomStringConvertible {
    let live: Int?

    var description: String {
        "there is no earlier good revision"
            + (live.map { " than \($0)" } ?? "; nothing is live")
            + "; name one of sluice config list, or push another one"
    }
}
