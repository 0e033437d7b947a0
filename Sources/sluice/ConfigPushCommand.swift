import ArgumentParser
import Configuration
import Credentials
import Filters
import Foundation
import Gateway

/// `sluice config push`: a file for all nodes, tried by one of them first.
struct ConfigPushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Validate a file and roll it out to all nodes that follow: one tries it first, then all take it.",
        discussion: """
            The node that tries it (--canary; else the first by name) has to take it, and must not fail more of its requests
            than the other nodes do meanwhile, or than it did before. Else it goes back to what is live, and exit status is 1.

            The file is stored as it stands: ${VAR} and file: are resolved on the nodes, and secrets that stand in it stand in
            Redis. Paths in it are relative to the nodes' --config-dir. state, admin, cache and node can't be changed in a
            running node: such a push is refused unless --restart is given, and then the nodes take it when they start.

            Examples:
              sluice config push gateway.yaml
              sluice config push gateway.yaml --watch 1m --canary node2 --note 'tighter limits'
              sluice config push gateway.yaml --no-canary
            """)

    @Argument(help: "The configuration file.")
    var file: String

    @Option(help: "For how long the errors of the first node are watched, such as 10s or 5m.")
    var watch = "10s"

    @Option(help: "The node that tries it first.")
    var canary: String?

    @Flag(help: "All nodes take it at once; none tries it first.")
    var noCanary = false

    @Flag(help: "It changes what nodes read at their start only: make it live, to be taken when they are restarted.")
    var restart = false

    @Option(help: "A few words about it, for sluice config list.")
    var note = ""

    @Option(help: "Who pushes it; else the user's name and host.")
    var author: String?

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard let time = TimeText.microseconds(watch), time <= 3_600_000_000 else {
            throw ValidationError("--watch \(watch): expected a time up to 1h, such as 10s or 5m")
        }
        guard note.utf8.count <= 200 else { throw ValidationError("--note: expected at most 200 bytes") }
    }

    func run() async throws {
        let review = try review()
        try await state.run("sluice config push", fallback: review.configuration?.state) { access in
            let rollout = ConfigRollout(access, isQuiet: state.json)
            try await reportChangesThatNeedARestart(review, rollout.revisions)
            try await rollout.finish(try await push(review, rollout))
        }
    }

    private func push(_ review: ConfigurationReview, _ rollout: ConfigRollout) async throws -> ConfigRollout.Outcome {
        let followers = try await rollout.followers()
        let draft = RevisionsInRedis.Draft(
            text: review.text, digest: try SHA256Hasher().digest(Array(review.text.utf8)).hexadecimal,
            author: author ?? Self.user, note: note)
        guard !noCanary, !restart, let first = followers.first else {
            let number = try await rollout.store(draft, canary: "", lapse: 0)
            return try await rollout.promote(number)
        }
        let node = canary ?? first.id
        guard followers.contains(where: { $0.id == node }) else {
            throw NoSuchNode(name: node, known: followers.map(\.id))
        }
        let seconds = (TimeText.microseconds(watch) ?? 10_000_000) / 1_000_000
        let trial = try await rollout.attempt(draft, on: node, watch: .seconds(seconds))
        if let withdrawn = trial.withdrawn { return withdrawn }
        return try await rollout.promote(trial.number)
    }

    /// Everything that can be said of the file here.
    private func review() throws -> ConfigurationReview {
        let review: ConfigurationReview
        do {
            review = try ConfigurationReview(path: file, environment: ProcessInfo.processInfo.environment)
            if let configuration = review.configuration { try GatewayNode.validate(configuration) }
        } catch {
            throw fail("\(error)")
        }
        guard review.text.utf8.count <= RevisionsInRedis.mostBytes else {
            throw fail("sluice config push: \(file) is larger than 4MiB, which is what a revision may have")
        }
        for problem in review.elsewhere { warn("\(problem); the nodes will have to tell") }
        for path in review.inlineSecrets {
            warn(
                "\(path): this secret is stored in Redis as it stands; write ${VAR} or file:PATH to keep it on the nodes"
            )
        }
        return review
    }

    /// A running node would refuse it; better to hear of that before.
    private func reportChangesThatNeedARestart(
        _ review: ConfigurationReview, _ revisions: RevisionsInRedis
    ) async throws {
        guard !restart, let live = try await revisions.overview().live, let text = try await revisions.text(of: live)
        else { return }
        let changed = review.changesThatNeedARestart(
            from: text, directory: URL(fileURLWithPath: file).deletingLastPathComponent().path,
            environment: ProcessInfo.processInfo.environment)
        guard changed.isEmpty else { throw NeedsRestart(keys: changed, live: live) }
    }

    private static var user: String {
        let environment = ProcessInfo.processInfo.environment
        return "\(environment["USER"] ?? environment["LOGNAME"] ?? "unknown")@\(ProcessInfo.processInfo.hostName)"
    }
}

private struct NoSuchNode: Error, CustomStringConvertible {
    let name: String
    let known: [String]
    var description: String {
        "no node \(Table.harmless(name)) follows; those that do: \(known.map(Table.harmless).joined(separator: ", "))"
    }
}

private struct NeedsRestart: Error, CustomStringConvertible {
    let keys: [String]
    let live: Int

    var description: String {
        "\(keys.joined(separator: ", ")) can't be changed in a running node, and differ from revision \(live), which is live; "
            + "undo that, or push with --restart and then restart the nodes one by one"
    }
}
