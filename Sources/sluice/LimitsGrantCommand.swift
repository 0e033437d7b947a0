import ArgumentParser
import Filters
import Gateway

/// `sluice limits grant`: tokens for a subject that needs more today.
struct LimitsGrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "Give tokens to a subject: to each window of the policy, up to what it holds.",
        discussion: "Example: sluice limits grant users.consumer acme 50")

    @OptionGroup var target: LimitsTarget

    @Argument(help: "How many tokens.")
    var tokens: Int

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard (1...1_000_000_000).contains(tokens) else {
            throw ValidationError("\(tokens) tokens: expected a number from 1 to 1000000000")
        }
    }

    func run() async throws {
        try await state.run("sluice limits grant") { access in
            let limits = LimitsInRedis(access.client, namespace: access.namespace)
            guard let change = try await limits.grant(target.name, tokens: tokens) else {
                throw try await target.absence("sluice limits grant", limits, access)
            }
            if state.json { return try Output.write(json: LimitsJSON([change.after])) }
            Output.write(
                "was:\n\(LimitsTable.text([change.before]))is:\n\(LimitsTable.text([change.after]))")
        }
    }
}
