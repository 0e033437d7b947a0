import ArgumentParser
import Configuration
import Foundation
import Gateway
import NIOCore
import NIOPosix
import RedisClient

/// How a command that reads the shared state finds it. It needs Redis only, so it works from any host.
struct StateOptions: ParsableArguments {
    @Option(help: "Redis, as in state.redis; SLUICE_REDIS does the same. Default: redis://127.0.0.1:6379/0")
    var redis: String?

    @Option(help: ArgumentHelp("A configuration whose state section says where Redis is.", valueName: "file"))
    var config: String?

    @Option(help: "The first part of all keys. Default: as configured, or sluice")
    var namespace: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// An open connection; the caller closes it.
    func connect() async throws -> SharedStateReader {
        do {
            let state = try state()
            guard var settings = try RedisSettings(state, clientName: "sluice-command") else {
                throw fail(
                    "sluice: \(config ?? ""): state.redis is not set; expected a configuration with shared state")
            }
            settings.timeout = .seconds(5)
            let client = try await connect(settings, state)
            return SharedStateReader(client: client, namespace: namespace ?? state.namespace)
        } catch let error as InvalidConfiguration {
            throw fail("\(error)")
        } catch let error as SnapshotFailure {
            throw fail("\(error)")
        }
    }

    private func connect(_ settings: RedisSettings, _ state: StateSettings) async throws -> RedisClient {
        do {
            return try await RedisClient.connect(settings, on: MultiThreadedEventLoopGroup.singleton.next())
        } catch {
            throw fail(
                "sluice: \(state.redis?.description ?? "redis"): \(error)\nIs Redis running there? Name another one with --redis or --config."
            )
        }
    }

    private func state() throws -> StateSettings {
        let environment = ProcessInfo.processInfo.environment
        if let config { return try GatewayConfiguration.load(path: config, environment: environment).state }
        let url = redis ?? environment["SLUICE_REDIS"] ?? "redis://127.0.0.1:6379/0"
        // Read as a configuration has it, so that the same URLs are valid, and mistakes are told in the same words.
        let quoted = url.replacingOccurrences(of: "'", with: "''")
        let text = """
            state: { redis: '\(quoted)' }
            upstreams: { none: { targets: ['http://127.0.0.1:1'] } }
            routes: [{ match: { path: '/' }, upstream: none }]
            """
        let parsed = try GatewayConfiguration.parse(text: text, file: "--redis", environment: [:]) { path in
            Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        }
        return parsed.state
    }
}

/// The shared state as commands read it.
struct SharedStateReader {
    let client: RedisClient
    let namespace: String

    /// Redis' time, in microseconds: all that is told of times is by its clock (STATE.md, promise 5).
    func now() async throws -> Int {
        let time = try await client.send("TIME").elements
        return (time.first?.integer ?? 0) * 1_000_000 + (time.last?.integer ?? 0)
    }

    func hash(_ key: String) async throws -> [String: String] {
        let flat = try await client.send("HGETALL", key, routedBy: key).elements
        return Dictionary(
            stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0].text ?? "", flat[$0 + 1].text ?? "") },
            uniquingKeysWith: { first, _ in first })
    }

    func close() async { try? await client.close() }
}

extension ParsableCommand {
    func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
