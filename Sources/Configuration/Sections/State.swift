/// `state`: where the nodes keep what they share.
package struct StateSettings: Hashable, Sendable {
    /// Nil: in this process; limits then hold for one node.
    package var redis: RedisEndpoint?
    /// How connections to Redis are encrypted, where the URL asks for that.
    package var tls = ClientTLSSettings()
    /// The first part of every key.
    package var namespace = "sluice"
    /// How long a request waits for Redis.
    package var timeoutMicroseconds = 50_000
    package var onFailure = FailurePolicy.local

    package init() {}

    /// What limits do while Redis does not answer (STATE.md, promise 4).
    package enum FailurePolicy: String, Hashable, Sendable {
        /// Each node enforces its share of the limit from its own memory.
        case local
        case allow
        /// 503.
        case deny
    }

    static let kind = Kind<StateSettings>.section(
        "state", "a mapping with redis, tls, namespace, timeout and on_failure"
    ) { section in
        var state = StateSettings()
        state.redis = section.optional(
            "redis", .redisEndpoint,
            "\(RedisEndpoint.Topology.forms.joined(separator: ", or ")); rediss in place of redis for TLS; "
                + "absent: in-process, one node.")
        state.tls = section.value(
            "tls", ClientTLSSettings.kind, default: state.tls,
            "Whom to trust, and how to be known, with rediss://.")
        state.namespace = section.value(
            "namespace", .name("a namespace"), default: state.namespace,
            "First part of every key in Redis; nodes with one namespace are one cluster.")
        state.timeoutMicroseconds = section.value(
            "timeout", .duration(1_000...10_000_000), default: state.timeoutMicroseconds,
            "How long a request waits for Redis.")
        state.onFailure = section.value(
            "on_failure", .choice(["local": .local, "allow": .allow, "deny": .deny]), default: state.onFailure,
            "What limits do while Redis does not answer: enforce a share locally, allow, or deny with 503.")
        if section.has("tls"), let redis = state.redis, !redis.isEncrypted {
            section.place(of: "tls").report(
                "these settings have no effect, since state.redis is not encrypted",
                hint: "write \(redis.topology.scheme(isEncrypted: true))://, or remove tls")
        }
        return state
    }
}
