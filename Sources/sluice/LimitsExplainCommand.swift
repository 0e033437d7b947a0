import ArgumentParser
import Filters
import Gateway

/// `sluice limits explain`: all that is held against one subject.
struct LimitsExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell whether one more request of a subject would be admitted, and if not, when.",
        discussion: """
            A subject is what a policy counts by: a consumer's id, an address, the value of a header or claim.

            Examples:
              sluice limits explain acme
              sluice limits explain 203.0.113.7 --json
            """)

    @Argument(help: "The subject, as it is or as Redis shows it.")
    var subject: String

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice limits explain") { access in
            let limits = LimitsInRedis(access.client, namespace: access.namespace)
            let name = BucketName(policy: "", subject: subject)
            let readings = try await limits.list(subject: name.subject).readings.sorted { $0.policy < $1.policy }
            if state.json { return try Output.write(json: LimitsJSON(readings)) }
            Output.write(LimitsExplanation(subject: subject, readings).text)
        }
    }
}
