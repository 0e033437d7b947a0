import ArgumentParser
import Configuration
import Foundation
import Gateway
import RedisClient

/// How commands that look into the shared state find it, and what they print.
struct SharedStateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The cluster's Redis, as state.redis names it; else that of --config, of SLUICE_REDIS, or redis://127.0.0.1:6379/0.",
            valueName: "url"))
    var redis: String?

    @Option(help: "The first part of the cluster's keys; else that of --config, of SLUICE_NAMESPACE, or sluice.")
    var namespace: String?

    @Option(help: ArgumentHelp("A configuration whose state is used, with its namespace and TLS.", valueName: "file"))
    var config: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// Runs a command on the shared state; whatever it throws ends the command with a message.
    /// - Parameter command: what messages begin with.
    /// - Parameter fallback: what to use where neither an option nor the environment names a Redis.
    func run(
        _ command: String, fallback: StateSettings? = nil, _ body: (SharedStateAccess) async throws -> Void
    ) async throws {
        let environment = ProcessInfo.processInfo.environment
        var state = try state(command, environment)
        if let fallback, fallback.redis != nil, redis == nil, config == nil, environment["SLUICE_REDIS"] == nil {
            state = fallback
            if let namespace { state.namespace = namespace }
        }
        do {
            try await SharedStateAccess.run(state, body)
        } catch let error as ExitCode {
            throw error
        } catch let error as RedisError {
            throw fail("\(command): \(place(state)): \(error)\(Self.advice(for: error))")
        } catch {
            throw fail("\(command): \(error)")
        }
    }

    /// Where the state is, without passwords.
    func place(_ state: StateSettings) -> String { state.redis?.description ?? "no Redis" }

    func state(_ command: String, _ environment: [String: String]) throws -> StateSettings {
        var state = StateSettings()
        if let config {
            do {
                state = try GatewayConfiguration.load(path: config, environment: environment).state
            } catch {
                throw fail("\(error)")
            }
            if redis == nil, state.redis == nil {
                throw fail(
                    "\(command): \(config) has no state.redis, so its nodes share nothing; add it, or use --redis")
            }
        } else if let namespace = environment["SLUICE_NAMESPACE"] {
            state.namespace = namespace
        }
        if let namespace { state.namespace = namespace }
        if let redis {
            state.redis = try Self.endpoint(redis, "--redis", command)
        } else if state.redis == nil, let redis = environment["SLUICE_REDIS"], !redis.isEmpty {
            state.redis = try Self.endpoint(redis, "SLUICE_REDIS", command)
        } else if state.redis == nil {
            state.redis = RedisEndpoint(host: "127.0.0.1")
        }
        return state
    }

    /// Ids of the configuration's consumers; nil: none is named, or it can't be read.
    func configuredConsumers() -> Set<String>? { configuration.map { Set($0.consumers.map(\.id)) } }

    /// Names of the configuration's plans; nil: none is named, or it can't be read.
    func configuredPlans() -> Set<String>? { configuration.map { Set($0.plans.keys) } }

    private var configuration: GatewayConfiguration? {
        config.flatMap {
            try? GatewayConfiguration.load(path: $0, environment: ProcessInfo.processInfo.environment)
        }
    }

    private static func endpoint(_ url: String, _ place: String, _ command: String) throws -> RedisEndpoint {
        do throws(RedisEndpoint.Malformed) {
            return try RedisEndpoint(text: url)
        } catch {
            throw fail("\(command): \(place): \(error)")
        }
    }

    private static func advice(for error: RedisError) -> String {
        switch error {
        case .connection, .disconnected:
            "; start it, or name the cluster's Redis by --redis URL, --config FILE or SLUICE_REDIS"
        default: ""
        }
    }
}
