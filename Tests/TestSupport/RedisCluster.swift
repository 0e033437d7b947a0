import Foundation

/// A Redis Cluster of real servers, which end with their owner. Its first servers are masters with a share of the slots
/// each; every further one is a replica of one of them.
package final class RedisCluster: Sendable {
    package let servers: [RedisServer]
    package let masterCount: Int
    private let passwords: [String]

    /// - Parameters:
    ///   - replicas: of each master.
    ///   - arguments: added to each server's command line.
    ///   - password: of the default user.
    package init(
        masters: Int = 3, replicas: Int = 0, arguments: [String] = [], password: String? = nil,
        tls certificates: TestCertificates? = nil
    ) async throws {
        var servers: [RedisServer] = []
        for _ in 0..<(masters * (1 + replicas)) {
            let bus = try freePort()
            var own =
                ["--cluster-enabled", "yes", "--cluster-config-file", "nodes-\(bus).conf"]
                + ["--cluster-port", "\(bus)", "--cluster-node-timeout", "1000"]
                + ["--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0"]
            if let password { own += ["--requirepass", password, "--masterauth", password] }
            if certificates != nil { own += ["--tls-cluster", "yes", "--tls-replication", "yes"] }
            servers.append(try await RedisServer(arguments: own + arguments, tls: certificates))
        }
        self.servers = servers
        masterCount = masters
        passwords = password.map { ["--no-auth-warning", "-a", $0] } ?? []
        try await form()
    }

    /// `redis+cluster://127.0.0.1:<port>,…`, of all servers.
    package var url: String {
        "redis+cluster://\(servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))"
    }

    package func cli(_ index: Int, _ arguments: String...) async throws -> String {
        let answer = try await servers[index].cli(passwords + arguments)
        guard !answer.hasPrefix("ERR"), !answer.hasPrefix("CLUSTERDOWN") else { throw TestFailure(answer) }
        return answer
    }

    /// The index of the server that has the slot, as the first running server sees it.
    package func owner(of slot: Int) async throws -> Int {
        let nodes = try await nodes(seenFrom: try running())
        for (index, server) in servers.enumerated() {
            let own = nodes.first { $0[1].hasPrefix("127.0.0.1:\(server.plainPort)@") } ?? []
            for range in own.dropFirst(8) where !range.hasPrefix("[") {
                let bounds = range.split(separator: "-").compactMap { Int($0) }
                if let first = bounds.first, let last = bounds.last, first <= slot, slot <= last { return index }
            }
        }
        throw TestFailure("slot \(slot) has no owner")
    }

    /// Moves a slot with all its keys, as `redis-cli --cluster reshard` does: clients meet MOVED, ASK and TRYAGAIN.
    package func migrate(slot: Int, to target: Int) async throws {
        let source = try await owner(of: slot)
        guard source != target else { return }
        let (sourceID, targetID) = (try await cli(source, "CLUSTER", "MYID"), try await cli(target, "CLUSTER", "MYID"))
        _ = try await cli(target, "CLUSTER", "SETSLOT", "\(slot)", "IMPORTING", sourceID)
        _ = try await cli(source, "CLUSTER", "SETSLOT", "\(slot)", "MIGRATING", targetID)
        while true {
            let keys = try await cli(source, "CLUSTER", "GETKEYSINSLOT", "\(slot)", "100")
            guard !keys.isEmpty else { break }
            try await servers[source].cli(
                passwords + ["MIGRATE", "127.0.0.1", "\(servers[target].port)", "", "0", "5000"]
                    + (passwords.isEmpty ? [] : ["AUTH", passwords[2]])
                    + ["KEYS"] + keys.split(separator: "\n").map(String.init))
        }
        for index in [target, source] {
            _ = try await cli(index, "CLUSTER", "SETSLOT", "\(slot)", "NODE", targetID)
        }
    }

    /// Waits until every running server thinks that all slots are served.
    package func waitUntilWhole() async throws {
        try await eventually("the cluster is whole", within: .seconds(30), every: .milliseconds(25)) {
            for index in servers.indices where servers[index].isRunning {
                guard try await cli(index, "CLUSTER", "INFO").contains("cluster_state:ok") else { return false }
            }
            return true
        }
    }

    private func form() async throws {
        for index in 0..<masterCount {
            let slots = (index * 16_384 / masterCount, (index + 1) * 16_384 / masterCount - 1)
            _ = try await cli(index, "CLUSTER", "ADDSLOTSRANGE", "\(slots.0)", "\(slots.1)")
            _ = try await cli(index, "CLUSTER", "SET-CONFIG-EPOCH", "\(index + 1)")
        }
        for server in servers.dropFirst() {
            let bus = try await server.cli(passwords + ["CONFIG", "GET", "cluster-port"]).split(separator: "\n").last
            _ = try await cli(0, "CLUSTER", "MEET", "127.0.0.1", "\(server.port)", "\(bus ?? "")")
        }
        try await eventually("all servers have met", within: .seconds(30), every: .milliseconds(25)) {
            for index in servers.indices {
                let nodes = try await nodes(seenFrom: index)
                guard nodes.count == servers.count, !nodes.contains(where: { $0[2].contains("handshake") }) else {
                    return false
                }
            }
            return true
        }
        for index in masterCount..<max(servers.count, masterCount) {
            _ = try await cli(
                index, "CLUSTER", "REPLICATE", try await cli(index % masterCount, "CLUSTER", "MYID"))
        }
        try await waitUntilWhole()
        try await waitForReplicas()
    }

    /// A replica that has not synchronised yet can't be promoted.
    private func waitForReplicas() async throws {
        try await eventually("all replicas follow", within: .seconds(30), every: .milliseconds(25)) {
            for index in masterCount..<max(servers.count, masterCount) {
                guard try await cli(index, "INFO", "replication").contains("master_link_status:up") else {
                    return false
                }
            }
            return true
        }
    }

    private func running() throws -> Int {
        guard let index = servers.firstIndex(where: \.isRunning) else { throw TestFailure("no server runs") }
        return index
    }

    /// The words of each line of `CLUSTER NODES`.
    private func nodes(seenFrom index: Int) async throws -> [[String]] {
        try await cli(index, "CLUSTER", "NODES").split(separator: "\n").map {
            $0.split(separator: " ").map(String.init)
        }
    }
}
