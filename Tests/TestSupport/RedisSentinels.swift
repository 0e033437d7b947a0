import Foundation
import Synchronization

/// A master, a replica of it, and sentinels that watch them: real servers, which end with their owner.
package final class RedisSentinels: Sendable {
    /// The name under which the master is watched.
    package static let master = "mymaster"
    /// The two servers; the first is the master at the beginning.
    package let servers: [RedisServer]
    package let ports: [Int]
    private let sentinels: [RedisServer]
    private let directory: TemporaryDirectory

    /// Starts all and waits until they know each other.
    /// - Parameters:
    ///   - server: added to the servers' command line.
    ///   - authentication: lines for each sentinel's file, such as `sentinel auth-pass mymaster secret`.
    package init(
        count: Int = 3, server arguments: [String] = [], sentinel lines: [String] = []
    ) async throws {
        let quick = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"]
        let master = try await RedisServer(arguments: quick + arguments)
        let replica = try await RedisServer(
            arguments: quick + arguments + ["--replicaof", "127.0.0.1", "\(master.port)"])
        servers = [master, replica]
        directory = try TemporaryDirectory("sentinels")
        var sentinels: [RedisServer] = []
        for index in 0..<count {
            let file = try directory.write(
                "\(index).conf",
                ([
                    "sentinel monitor \(Self.master) 127.0.0.1 \(master.port) \(count / 2 + 1)",
                    "sentinel down-after-milliseconds \(Self.master) 500",
                    "sentinel failover-timeout \(Self.master) 2000",
                ] + lines).joined(separator: "\n") + "\n")
            sentinels.append(try await RedisServer(sentinelFile: file))
        }
        self.sentinels = sentinels
        ports = sentinels.map(\.port)
        try await waitUntilComplete()
    }

    /// `redis+sentinel://127.0.0.1:<port>,…/mymaster`
    package var url: String {
        "redis+sentinel://\(ports.map { "127.0.0.1:\($0)" }.joined(separator: ","))/\(Self.master)"
    }

    /// The port of the master, as a sentinel says; nil: the first that runs.
    package func masterPort(sentinel index: Int? = nil) async throws -> Int? {
        guard let sentinel = index ?? sentinels.firstIndex(where: \.isRunning) else { throw TestFailure("no sentinel") }
        let answer = try await sentinels[sentinel].cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Self.master)
        return answer.split(separator: "\n").last.flatMap { Int($0) }
    }

    /// The server that is the master now.
    package func masterServer() async throws -> RedisServer {
        let port = try await masterPort()
        guard let server = servers.first(where: { $0.port == port }) else { throw TestFailure("no master") }
        return server
    }

    /// Has the sentinels promote the replica, as an operator would, and waits until all of them agree.
    package func failOver() async throws {
        let before = try await masterPort()
        try await eventually("the failover is accepted") {
            try await sentinels[0].cli("SENTINEL", "FAILOVER", Self.master) == "OK"
        }
        try await waitForMaster(otherThan: before)
    }

    /// Waits until all sentinels that run name another master.
    package func waitForMaster(otherThan port: Int?) async throws {
        try await eventually("another master than \(port ?? 0)", within: .seconds(30), every: .milliseconds(50)) {
            for index in sentinels.indices where sentinels[index].isRunning {
                let now = try await masterPort(sentinel: index)
                guard now != nil, now != port else { return false }
            }
            return true
        }
    }

    /// Ends one sentinel as a crash would.
    package func killSentinel(_ index: Int) async throws { try await sentinels[index].kill9() }

    private func waitUntilComplete() async throws {
        try await eventually("all sentinels know all servers", within: .seconds(30), every: .milliseconds(50)) {
            for sentinel in sentinels {
                let state = try await sentinel.cli("INFO", "sentinel")
                guard state.contains("status=ok"), state.contains("slaves=1,sentinels=\(sentinels.count)") else {
                    return false
                }
            }
            return true
        }
    }
}
