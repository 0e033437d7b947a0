import Foundation
import NIOCore
import TestSupport
import Testing
import Verification

extension Cluster {
    /// Issue 3, "Faults": whatever fails, nothing is admitted that may not be, nobody waits for Redis longer than the
    /// timeout, nothing is a 500, and all is well again afterwards without anybody's help.
    @Suite("Promise 1: limits hold while things fail")
    struct Promise1ChaosTests {
        @Test(
            "nodes killed and stopped, Redis stopped, asleep and without its scripts, at random", arguments: [11, 12])
        func randomFaults(_ seed: UInt64) async throws {
            let redis = try await RedisServer(arguments: try await Self.debugArguments())
            let cluster = try await ChaosCluster(redis: redis.url, seed: seed)
            let schedule = FaultSchedule(duration: 7_000, nodes: 3, kinds: Fault.Kind.allCases, seed: seed)
            #expect(schedule.entries.count >= 3)
            var starts: [Int: Int] = [:]
            var stopped: [(node: Int, span: Range<Int>)] = []
            for entry in schedule.entries {
                try await Task.sleep(for: .milliseconds(300))
                let since = VerificationLoad.now
                try await undergo(entry.fault, cluster, redis)
                let span = since..<VerificationLoad.now + 1
                switch entry.fault {
                case .killNode(let node, _):
                    starts[node, default: 0] += 1
                    stopped.append((node, span))
                case .pauseNode(let node, _): stopped.append((node, span))
                case .flushScripts, .sleepRedis, .pauseRedis: break
                }
            }
            try await cluster.waitForRecovery()
            try await cluster.finish(starts: starts, stopped: stopped)
        }

        private func undergo(_ fault: Fault, _ cluster: ChaosCluster, _ redis: RedisServer) async throws {
            switch fault {
            case .killNode(let node, let time):
                try await cluster.nodes[node].kill9()
                try await cluster.go(on: time)
                try await cluster.nodes[node].start()
            case .pauseNode(let node, let time):
                cluster.nodes[node].signal(SIGSTOP)
                try await cluster.go(on: time)
                cluster.nodes[node].signal(SIGCONT)
            case .flushScripts: try await redis.cli("SCRIPT", "FLUSH")
            case .sleepRedis(let time): try await redis.cli("DEBUG", "SLEEP", "\(Double(time) / 1000)")
            case .pauseRedis(let time):
                redis.pause()
                try await cluster.go(on: time)
                redis.resume()
            }
        }

        /// Before version 7 DEBUG was always on, and the option unknown.
        private static func debugArguments() async throws -> [String] {
            let version = try await ChildProcess.run("redis-server", ["--version"]).standardOutput
            let digits = version.components(separatedBy: "v=").last?.prefix { $0.isNumber } ?? ""
            return (Int(digits) ?? 7) >= 7 ? ["--enable-debug-command", "local"] : []
        }

        @Test("a Redis that comes back empty costs one capacity, and no more")
        func restartedEmpty() async throws {
            let redis = try await RedisServer()
            let cluster = try await ChaosCluster(redis: redis.url)
            try await cluster.go(on: 800)
            let lost = VerificationLoad.now
            try await redis.restart()
            let back = VerificationLoad.now
            try await cluster.waitForRecovery()
            let observation = try await cluster.finish(losses: 1)
            // Before and after, each for itself, it is as if nothing had been lost.
            let before = observation.check(ChaosCluster.quotas) { !$0.isDegraded && $0.admission.latest < lost }
            let after = observation.check(ChaosCluster.quotas) { !$0.isDegraded && $0.admission.earliest > back }
            #expect(before.excess == 0 && after.excess == 0)
            #expect(before.admitted > 0 && after.admitted > 0)
        }

        @Test("a Redis without memory to spare is no reason for an error")
        func outOfMemory() async throws {
            let redis = try await RedisServer(arguments: ["--maxmemory-policy", "noeviction"])
            let cluster = try await ChaosCluster(redis: redis.url)
            try await cluster.go(on: 500)
            try await redis.cli("CONFIG", "SET", "maxmemory", "1")
            try await eventually("nodes decide alone") {
                try await cluster.load.observation.requests.suffix(200).contains(where: \.isDegraded)
            }
            try await cluster.go(on: 700)
            try await redis.cli("CONFIG", "SET", "maxmemory", "0")
            try await cluster.waitForRecovery()
            try await cluster.finish()
        }

        @Test("a network to Redis that delays, swallows and cuts is waited out")
        func brokenNetwork() async throws {
            let redis = try await RedisServer()
            let proxy = try await FaultProxy(to: redis.port)
            let cluster = try await ChaosCluster(redis: "redis://127.0.0.1:\(proxy.port)")
            for mode in [
                FaultProxy.Mode.delaying(.milliseconds(10)), .swallowing, .delaying(.milliseconds(200)), .cutting,
            ] {
                try await cluster.go(on: 300)
                proxy.set(mode)
                try await cluster.go(on: 500)
                proxy.set(.passing)
            }
            try await cluster.waitForRecovery()
            let observation = try await cluster.finish()
            let decidedAlone = observation.requests.count(where: \.isDegraded)
            #expect(decidedAlone > 0, "nothing was broken")
        }
    }
}
