import ArgumentParser

/// `sluice breakers`: the breakers as the cluster holds them.
struct BreakersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breakers",
        abstract: "Show the cluster's circuit breakers, or force one; from Redis alone.",
        discussion: """
            Examples:
              sluice breakers
              sluice breakers force users open --for 10m   nobody calls users
              sluice breakers force users closed --for 1h  everybody does
              sluice breakers force users auto             the usual rules again
            """,
        subcommands: [BreakersListCommand.self, BreakersForceCommand.self],
        defaultSubcommand: BreakersListCommand.self)
}
