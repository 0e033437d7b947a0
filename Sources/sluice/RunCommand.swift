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
            The configuration is a file, or, with --config redis, what sluice config push has brought to the cluster; the last
            good one is kept on disk for a start without Redis. A file that is called redis is ./redis.

            Signals: SIGTERM or SIGINT drains and exits with 0; SIGHUP reloads the configuration and reopens log files. A
            configuration that does not validate is refused and reported, and the old one serves on.

            With --handover PATH a node takes the listeners over from the node that runs with the same PATH, which then
            finishes what it has and ends: a new version is put to work by starting it, and no connection is refused.

            Examples:
              sluice run --config gateway.yaml
              sluice run --config redis --redis redis://10.0.0.5:6379/0
              sluice run --config gateway.yaml --handover /run/sluice/handover.sock
            """)

    @Option(help: ArgumentHelp("The configuration file, or redis.", valueName: "file"), completion: .file())
    var config: String

    @Option(help: "Event loops; one per core if not given. SLUICE_WORKERS does the same.")
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            "A Unix socket by which a node replaces another; SLUICE_HANDOVER does the same.", valueName: "path"),
        completion: .file())
    var handover: String?

    @OptionGroup(title: "With --config redis")
    var cluster: ClusterConfigurationOptions

    func validate() throws {
        if config == "redis" { return }
        try cluster.reportWithoutEffect()
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let environment = ProcessInfo.processInfo.environment
        do {
            let log = try StructuredLog(.standardError)
            let source = try source(environment, log)
            var options = try options(environment)
            let (configuration, origin) = try await source.first()
            options.origin = origin
            let node = try GatewayNode(configuration, options: options, log: log)
            await node.whenAskedToReload { try await reload(node, source) }
            try await node.start()
            try await source.follow(node)
            await serve(node, source)
        } catch {
            throw fail("sluice run: \(error)")
        }
    }

    private func source(_ environment: [String: String], _ log: StructuredLog) throws -> any ConfigurationSource {
        guard config == "redis" else { return FileConfiguration(path: config, environment: environment) }
        return ConfigurationFollower(try cluster.settings(environment), log: log)
    }

    private func options(_ environment: [String: String]) throws -> GatewayNode.Options {
        var options = GatewayNode.Options()
        options.environment = environment
        options.handover = handover ?? environment["SLUICE_HANDOVER"].flatMap { $0.isEmpty ? nil : $0 }
        let text = workers.map(String.init) ?? environment["SLUICE_WORKERS"]
        guard let text else { return options }
        guard let count = Int(text), (1...256).contains(count) else {
            throw fail("sluice run: \(text) workers: expected a number from 1 to 256")
        }
        options.workers = count
        return options
    }

    /// Returns when the node has stopped.
    private func serve(_ node: GatewayNode, _ source: any ConfigurationSource) async {
        let signals = Signals([SIGTERM, SIGINT, SIGHUP]).stream
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals {
                    guard signal == SIGHUP else { return }
                    // A refusal has been logged.
                    try? await reload(node, source)
                }
            }
            // Another process has taken over.
            group.addTask { await node.waitForSuccessor() }
            await group.next()
            group.cancelAll()
        }
        await source.stop()
        await node.stop()
    }

    private func reload(_ node: GatewayNode, _ source: any ConfigurationSource) async throws {
        try await source.reload()
        try await node.reopenAccessLog()
    }
}

/// How a node finds the configuration of its cluster.
struct ClusterConfigurationOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cluster's Redis, as state.redis names it; SLUICE_REDIS does the same.", valueName: "url"))
    var redis: String?

    @Option(help: "The first part of the cluster's keys; else SLUICE_NAMESPACE, or sluice.")
    var namespace: String?

    @Option(
        help: ArgumentHelp(
            "Where the last good configuration is kept; else SLUICE_STATE_DIR, STATE_DIRECTORY of systemd, or sluice below XDG_STATE_HOME.",
            valueName: "dir"), completion: .directory)
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "What paths in the configuration are relative to; else the working directory.", valueName: "dir"),
        completion: .directory)
    var configDir: String?

    func reportWithoutEffect() throws {
        let options = [
            ("--redis", redis), ("--namespace", namespace), ("--state-dir", stateDir), ("--config-dir", configDir),
        ]
        guard let option = options.first(where: { $0.1 != nil }) else { return }
        throw ValidationError("\(option.0) has an effect only with --config redis; a file says state.redis")
    }

    func settings(_ environment: [String: String]) throws -> ConfigurationFollower.Settings {
        var state = StateSettings()
        let (url, place) = (redis ?? environment["SLUICE_REDIS"] ?? "", redis == nil ? "SLUICE_REDIS" : "--redis")
        guard !url.isEmpty else {
            throw fail("sluice run: --config redis: which one? give --redis URL, or set SLUICE_REDIS")
        }
        do throws(RedisEndpoint.Malformed) {
            state.redis = try RedisEndpoint(text: url)
        } catch {
            throw fail("sluice run: \(place): \(error)")
        }
        state.namespace = namespace ?? environment["SLUICE_NAMESPACE"] ?? state.namespace
        return ConfigurationFollower.Settings(
            state: state, directory: configDir ?? FileManager.default.currentDirectoryPath, environment: environment,
            lastGood: LastGoodFile(
                directory: stateDir ?? LastGoodFile.directory(environment), namespace: state.namespace))
    }
}
