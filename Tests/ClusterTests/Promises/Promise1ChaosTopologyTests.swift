import TestSupport
import Testing
import Verification

extension Cluster {
    /// Issue 3, "Faults": the same as `Promise1ChaosTests` where Redis is more than one server.
    @Suite("Promise 1: limits hold while Redis moves")
    struct Promise1ChaosTopologyTests {
        /// Replication is asynchronous: what the master had acknowledged and not yet passed on is admitted once more.
        @Test("a master that dies is followed to its replica; what is lost with it is less than one capacity")
        func sentinelFailover() async throws {
            let redis = try await RedisSentinels()
            let cluster = try await ChaosCluster(redis: redis.url)
            try await cluster.go(on: 800)
            let master = try await redis.masterServer()
            try await master.kill9()
            try await redis.waitForMaster(otherThan: master.port)
            try await cluster.waitForRecovery()
            let observation = try await cluster.finish(losses: 1)
            let decidedAlone = observation.requests.count(where: \.isDegraded)
            #expect(decidedAlone > 0, "nobody noticed")
        }

        @Test("a bucket whose slot moves to another server and back admits no more, and loses nothing")
        func slotMigration() async throws {
            let redis = try await RedisCluster()
            let cluster = try await ChaosCluster(redis: redis.url)
            let slot = try await bucketSlot(redis)
            let home = try await redis.owner(of: slot)
            for server in [(home + 1) % 3, (home + 2) % 3, home] {
                try await cluster.go(on: 500)
                try await redis.migrate(slot: slot, to: server)
            }
            #expect(try await redis.owner(of: slot) == home)
            try await cluster.waitForRecovery()
            try await cluster.finish()
        }

        private func bucketSlot(_ redis: RedisCluster) async throws -> Int {
            var key = ""
            try await eventually("the bucket is there") {
                for server in redis.servers where key.isEmpty {
                    key = try await server.cli("KEYS", "sluice:bucket:*")
                }
                return !key.isEmpty
            }
            return Int(try await redis.cli(0, "CLUSTER", "KEYSLOT", key)) ?? 0
        }
    }
}
