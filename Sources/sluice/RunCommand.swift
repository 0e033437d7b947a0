import ArgumentParser
import Configuration
import Foundation
import Gateway
import Telemetry

/// `sluice run`: a node, until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a gateway node.",
        discussion: """
            Example: sluice run --config gateway.yaml

            Signals: SIGTERM or SIGINT drains and exits with 0; SIGHUP reloads the configuration and reopens log files. A
            configuration that does not validate is refused and reported, and the old one serves on.
            """)

    @Option(help: "The configuration file.")
    var config: String

    @Option(help: "Event loops; one per core if not given. SLUICE_WORKERS does the same.")
    var workers: Int?

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        do {
            let log = try StructuredLog(.standardError)
            var options = try options()
            options.origin = .file(config)
            let node = try GatewayNode(try load(), options: options, log: log)
            await node.whenAskedToReload { try await reload(node) }
            try await node.start()
            await serve(node)
        } catch {
            throw fail("sluice run: \(error)")
        }
    }

    private func load() throws(InvalidConfiguration) -> GatewayConfiguration {
        try GatewayConfiguration.load(path: config, environment: ProcessInfo.processInfo.environment)
    }

    private func options() throws -> GatewayNode.Options {
        var options = GatewayNode.Options()
        let text = workers.map(String.init) ?? ProcessInfo.processInfo.environment["SLUICE_WORKERS"]
        guard let text else { return options }
        guard let count = Int(text), (1...256).contains(count) else {
            throw fail("sluice run: \(text) workers: expected a number from 1 to 256")
        }
        options.workers = count
        return options
    }

    /// Returns when the node has stopped.
    private func serve(_ node: GatewayNode) async {
        for await signal in Signals([SIGTERM, SIGINT, SIGHUP]).stream {
            guard signal == SIGHUP else { break }
            // A refusal has been logged.
            try? await reload(node)
        }
        await node.stop()
    }

    private func reload(_ node: GatewayNode) async throws {
        try await node.reload(from: .file(config)) { try load() }
        try await node.reopenAccessLog()
    }
}
