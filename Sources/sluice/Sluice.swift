import ArgumentParser
import Gateway

/// The command line: one file per command.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "An API gateway whose stateless nodes enforce one quota through Redis.",
        discussion: """
            Start with a file of one upstream and one route:

              upstreams:
                users: { targets: [http://127.0.0.1:9001] }
              routes:
                - { match: { path: "/**" }, upstream: users }

            then: sluice check gateway.yaml && sluice run --config gateway.yaml

            Exit status: 0 done, 1 failed, 2 not understood. Completion: sluice --generate-completion-script bash (zsh, fish).
            """,
        version: GatewayNode.version,
        subcommands: [
            RunCommand.self, CheckCommand.self, ExplainCommand.self, LimitsCommand.self, BreakersCommand.self,
            CacheCommand.self, CaptureCommand.self, NodesCommand.self, TopCommand.self, ConfigCommand.self,
            ConsumerCommand.self,
            KeyCommand.self,
            PlanCommand.self,
            VerifyLimitsCommand.self, TokenCommand.self, SchemaCommand.self, ManCommand.self,
        ])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            CommandLineMistake.exit(error, Sluice.self)
        }
    }
}
