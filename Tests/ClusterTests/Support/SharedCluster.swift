import TestSupport

/// Three nodes that share a Redis and an upstream.
final class SharedCluster: Sendable {
    let redis: RedisServer
    let upstream: DemoUpstream
    let nodes: [Node]

    init() async throws {
        let redis = try await RedisServer()
        let upstream = try await DemoUpstream()
        var nodes: [Node] = []
        for index in 1...3 {
            nodes.append(
                try await Node(
                    Self.configuration, name: "node\(index)",
                    environment: ["TEST_REDIS": redis.url, "TEST_UPSTREAM": upstream.url]))
        }
        (self.redis, self.upstream, self.nodes) = (redis, upstream, nodes)
    }

    /// `printf demo-key-acme | sha256sum`
    static let acmeKey = "X-API-Key: demo-key-acme"

    static let configuration = """
        trusted_proxies: ["127.0.0.0/8"]
        access_log: { path: off }
        drain: 5s
        state: { redis: "${TEST_REDIS}" }
        upstreams:
          users: { targets: ["${TEST_UPSTREAM}"] }
        authenticators:
          keys: { api_key: { header: X-API-Key } }
        consumers:
          - id: acme
            keys: ["sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"]
        routes:
          - name: users
            match: { path: "/api/users/**" }
            auth: keys
            limit: [{ per: consumer, rates: [100/minute] }]
            upstream: users
          - name: plain
            match: { path: "/plain/**" }
            upstream: users
        """
}
