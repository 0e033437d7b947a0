import ArgumentParser

/// `sluice cache`: what the cluster keeps of responses, and what an operator may do about it.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Show the cached responses of the cluster, or purge them; from Redis alone.",
        discussion: """
            Examples:
              sluice cache                                     all, by URL
              sluice cache show https://api.example.com/users/7
              sluice cache purge --url /users/7                with all its variants and queries
              sluice cache purge --tag user-7                  all that carries a tag, in one step
              sluice cache purge --route users --soft          stale from now on, and refreshed when asked for
            """,
        subcommands: [CacheListCommand.self, CacheShowCommand.self, CachePurgeCommand.self],
        defaultSubcommand: CacheListCommand.self)
}
