/// What kind of Redis is meant, and how its servers are found.
package enum RedisTopology: Hashable, Sendable {
    /// The one server at the host and port of the settings.
    case single
    /// Whichever server the sentinels name as the master, also after a failover.
    case sentinel(Sentinels)
    /// The masters of a cluster, found through any of these of its nodes.
    case cluster(seeds: [RedisAddress])

    package struct Sentinels: Hashable, Sendable {
        package var addresses: [RedisAddress]
        /// The name under which the sentinels watch the master.
        package var master: String
        /// Sentinels have users of their own; without a password they are asked without one.
        package var username: String?
        package var password: String?

        package init(
            addresses: [RedisAddress], master: String, username: String? = nil, password: String? = nil
        ) {
            self.addresses = addresses
            self.master = master
            self.username = username
            self.password = password
        }
    }
}
