import ArgumentParser
import Configuration
import Filters
import Foundation
import Gateway
import Policies

extension BreakerScripts.Order: ExpressibleByArgument {}

/// `sluice breakers force`: an operator's order to all nodes.
struct BreakersForceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "force",
        abstract: "Open or close a breaker on all nodes for a while, or end that.",
        discussion: """
            open: nobody calls the upstream; when the time is over it is probed. closed: everybody calls it, whatever comes
            back. auto: closed now, and by the usual rules again. Nodes hear of it at once. An upstream is named as in the
            configuration; with --config its name is checked.

            Examples:
              sluice breakers force users open --for 10m
              sluice breakers force users auto
            """)

    @Argument(help: "The upstream's name.")
    var upstream: String

    @Argument(help: "open, closed or auto.")
    var order: BreakerScripts.Order

    @Option(name: .customLong("for"), help: "How long, such as 90s, 10m, 2h or 1d.")
    var time = "10m"

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        guard let duration = TimeText.microseconds(time) else {
            throw fail("sluice breakers force: --for \(time): expected a time such as 90s, 10m, 2h or 1d")
        }
        try checkName()
        try await state.run("sluice breakers force") { access in
            let breakers = BreakersInRedis(access.client, namespace: access.namespace)
            let before = try await breakers.read(upstream)
            let reply = try await breakers.force(upstream, order, forMicroseconds: duration)
            let after = try await breakers.read(upstream)
            if state.json {
                return try Output.write(json: BreakersJSON(breakers: [after].compactMap { $0.map { .init($0) } }))
            }
            let was =
                before.map { "\($0.state.rawValue)\($0.force == nil ? "" : " (forced)")" }
                ?? "closed, without calls lately"
            let end = order == .auto ? "by the usual rules" : "for \(TimeText.of(microseconds: duration))"
            Output.write("\(Table.harmless(upstream)): was \(was); is \(reply.view.state.rawValue) \(end)\n")
        }
    }

    /// Redis does not know which upstreams there are; a configuration does.
    private func checkName() throws {
        guard let file = state.config else { return }
        let configuration: GatewayConfiguration
        do {
            configuration = try GatewayConfiguration.load(
                path: file, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw fail("\(error)")
        }
        guard configuration.upstreams[upstream] == nil else { return }
        let names = configuration.upstreams.keys.sorted().joined(separator: ", ")
        throw fail("sluice breakers force: \(file) has no upstream \(upstream); expected one of \(names)")
    }
}
