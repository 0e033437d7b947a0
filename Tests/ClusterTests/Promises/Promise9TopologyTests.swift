import TestSupport
import Testing

extension Cluster {
    /// STATE.md, promise 9.
    @Suite("Promise 9: nodes on every topology of Redis")
    struct Promise9TopologyTests {
        /// Two nodes that share the Redis at a URL; `tls` is what `state.tls` holds.
        private func nodes(_ url: String, tls: String? = nil, _ upstream: DemoUpstream) async throws -> [Node] {
            let state = tls.map { "state: { redis: \"${TEST_REDIS}\", timeout: 2s, tls: \($0) }" }
            let configuration = SharedCluster.configuration.replacing(
                "state: { redis: \"${TEST_REDIS}\" }", with: state ?? "state: { redis: \"${TEST_REDIS}\", timeout: 2s }"
            )
            var nodes: [Node] = []
            for name in ["a", "b"] {
                nodes.append(
                    try await Node(
                        configuration, name: name, environment: ["TEST_REDIS": url, "TEST_UPSTREAM": upstream.url]))
            }
            return nodes
        }

        /// Sends requests to the nodes in turn, none of which may go by a node's own memory; how many were admitted.
        private func admitted(_ requests: Int, by nodes: [Node]) throws -> Int {
            var admitted = 0
            for number in 0..<requests {
                let connection = try RawConnection(port: nodes[number % nodes.count].port)
                let response = try connection.exchange("/api/users/7", [SharedCluster.acmeKey])
                try #require([200, 429].contains(response.status), "\(response.head)")
                #expect(response["Sluice-Degraded"] == nil)
                if response.status == 200 { admitted += 1 }
            }
            return admitted
        }

        private func expectOneQuota(_ nodes: [Node]) throws {
            let started = ContinuousClock.now
            let admitted = try admitted(150, by: nodes)
            let elapsed = (ContinuousClock.now - started) / .seconds(1)
            #expect(admitted >= 100 && Double(admitted) <= 100 + (elapsed * 100 / 60).rounded(.up), "\(admitted)")
        }

        @Test("a cluster with a password")
        func cluster() async throws {
            let redis = try await RedisCluster(password: "pw")
            let upstream = try await DemoUpstream()
            let url = redis.url.replacing("://", with: "://:pw@")
            let nodes = try await nodes(url, upstream)
            try expectOneQuota(nodes)
            let owner = try await redis.owner(
                of: Int(try await redis.cli(0, "CLUSTER", "KEYSLOT", "sluice:nodes")) ?? -1)
            try await eventually("both nodes have announced themselves") {
                try await redis.cli(owner, "ZCARD", "sluice:nodes") == "2"
            }
        }

        @Test("sentinels, through a failover")
        func sentinels() async throws {
            let redis = try await RedisSentinels()
            let upstream = try await DemoUpstream()
            let nodes = try await nodes(redis.url, upstream)
            #expect(try admitted(20, by: nodes) == 20)
            try await redis.failOver()
            let master = try await redis.masterServer()
            try await eventually("both nodes are ready again", within: .seconds(20)) {
                try nodes.allSatisfy { try request("/readyz", port: $0.adminPort).status == 200 }
                    && nodes.allSatisfy { try $0.metric("sluice_redis_connections", "") >= 2 }
            }
            try await eventually("the nodes are known to the new master") {
                try await master.cli("ZCARD", "sluice:nodes") == "2"
            }
            #expect(try admitted(20, by: nodes) == 20)
        }

        /// What a careful operator grants: this namespace, its channel, and no command that administers the server.
        @Test("a user whose rights end at the namespace")
        func user() async throws {
            let redis = try await RedisServer()
            try await redis.cli("ACL", "SETUSER", "gate", "on", ">pw", "~sluice:*", "&sluice:*", "+@all", "-@dangerous")
            try await redis.cli("ACL", "SETUSER", "default", "off")
            let upstream = try await DemoUpstream()
            let nodes = try await nodes(redis.url.replacing("://", with: "://gate:pw@"), upstream)
            try expectOneQuota(nodes)
            let credentials = ["--no-auth-warning", "--user", "gate", "--pass", "pw"]
            #expect(try await redis.cli(credentials + ["EXISTS", "sluice:bucket:{users.consumer:acme}"]) == "1")
        }

        @Test("TLS, with the CA and this node's certificate from files")
        func encrypted() async throws {
            let certificates = try await TestCertificates()
            let redis = try await RedisServer(arguments: ["--tls-auth-clients", "yes"], tls: certificates)
            let upstream = try await DemoUpstream()
            let tls =
                "{ ca: \(certificates.ca), certificate: \(certificates.clientCertificate), key: \(certificates.clientKey) }"
            try expectOneQuota(try await nodes(redis.url, tls: tls, upstream))
            #expect(try await redis.cli("EXISTS", "sluice:bucket:{users.consumer:acme}") == "1")
        }
    }
}
