import ArgumentParser

/// `sluice limits`: the shared limits as they stand, and what an operator may do about them.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Show the shared limits, reset them, or grant more; from Redis alone.",
        discussion: """
            Examples:
              sluice limits                        all that are not full, the scarcest first
              sluice limits --policy 'users.*' --limit 10
              sluice limits watch --subject acme
              sluice limits explain acme           would it be admitted, and if not, when
              sluice limits reset users.consumer acme
              sluice limits grant users.consumer acme 50
              sluice limits replay --policy 100/minute    what would it have refused
              sluice limits --redis redis+sentinel://10.0.0.1,10.0.0.2/mymaster --json
            """,
        subcommands: [
            LimitsListCommand.self, LimitsWatchCommand.self, LimitsExplainCommand.self, LimitsResetCommand.self,
            LimitsGrantCommand.self, LimitsReplayCommand.self,
        ],
        defaultSubcommand: LimitsListCommand.self)
}

/// Which buckets are meant.
struct LimitsSelection: ParsableArguments {
    @Option(help: "Only this policy, such as users.consumer; * stands for any text.")
    var policy: String?

    @Option(help: "Only this subject, such as a consumer's id; * stands for any text.")
    var subject: String?

    @Option(help: "How many to show, the scarcest first.")
    var limit = 50

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit \(limit): expected at least 1") }
    }
}
