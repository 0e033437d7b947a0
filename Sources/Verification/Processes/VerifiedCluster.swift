import Foundation
import RedisClient

/// The nodes of a verification, with the Redis they share: started for it and ended with it, and made to fail on request.
@MainActor
package final class VerifiedCluster {
    package struct Plan: Sendable {
        /// The program whose nodes are verified.
        package var executable = ""
        package var nodes = 3
        package var workers = 1
        /// As in the configuration file: `1000/second`.
        package var rates: [String] = []
        package var burst: Int?
        /// Nil: one is started.
        package var redis: String?

        package init() {}
    }

    package let redisURL: String
    package let ownsRedis: Bool
    private let directory: String
    private let redis: RedisProcess?
    private var client: RedisClient?
    private var nodes: [NodeProcess] = []
    private let load: VerificationLoad
    /// How often each node was started again.
    package private(set) var starts: [Int: Int] = [:]

    package init(_ plan: Plan, load: VerificationLoad) async throws {
        self.load = load
        directory =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("sluice-verify-\(UInt32.random(in: 0...UInt32.max))").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        redis = plan.redis == nil ? try await RedisProcess(directory: directory) : nil
        redisURL = plan.redis ?? redis?.url ?? ""
        ownsRedis = redis != nil
        do {
            client = try await redis?.connect(on: load.eventLoop)
            try await startNodes(plan)
        } catch {
            await shutDown()
            throw error
        }
    }

    package var targets: [LoadTarget] { nodes.map(\.target) }

    private func startNodes(_ plan: Plan) async throws {
        let text = configuration(plan)
        for number in 1...plan.nodes {
            let node = try NodeProcess(
                number, executable: plan.executable, configuration: text, directory: directory, workers: plan.workers,
                load: load)
            nodes.append(node)
            try await node.start()
        }
    }

    /// A namespace of its own: whatever else is in that Redis is left alone.
    private func configuration(_ plan: Plan) -> String {
        let burst = plan.burst.map { ", burst: \($0)" } ?? ""
        let limit =
            "{ per: \"header:\(LoadSettings.subjectHeader)\", rates: [\(plan.rates.joined(separator: ", "))]\(burst) }"
        return """
            access_log: { path: off }
            drain: 2s
            state: { redis: "\(redisURL)", namespace: "verify-\(UInt32.random(in: 0...UInt32.max))" }
            upstreams:
              counting: { targets: ["\(load.upstreamURL)"], breaker: off }
            routes:
              - { name: verify, limit: \(limit), upstream: counting }
            """
    }

    /// Ends everything that was started, and removes its files.
    package func shutDown() async {
        for node in nodes { await node.terminate() }
        try? await client?.close()
        await redis?.terminate()
        try? FileManager.default.removeItem(atPath: directory)
    }

    // MARK: Faults

    /// The faults that can be brought about here: what others may use is not stopped.
    package var possibleFaults: [Fault.Kind] {
        ownsRedis ? Fault.Kind.allCases : [.killNode, .pauseNode]
    }

    /// Brings a fault about, and returns when it is over.
    package func undergo(_ fault: Fault) async throws {
        switch fault {
        case .killNode(let index, let time):
            await nodes[index].kill9()
            try await Task.sleep(for: .milliseconds(time))
            starts[index, default: 0] += 1
            try await nodes[index].start()
        case .pauseNode(let index, let time):
            nodes[index].signal(SIGSTOP)
            try await Task.sleep(for: .milliseconds(time))
            nodes[index].signal(SIGCONT)
        case .flushScripts: try await client?.send("SCRIPT", "FLUSH")
        case .sleepRedis(let time): try await client?.send("DEBUG", "SLEEP", "\(Double(time) / 1000)")
        case .pauseRedis(let time):
            redis?.signal(SIGSTOP)
            try await Task.sleep(for: .milliseconds(time))
            redis?.signal(SIGCONT)
        }
    }
}
