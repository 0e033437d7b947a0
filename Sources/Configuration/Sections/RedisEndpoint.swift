/// `state.redis`: where Redis is, of whatever topology.
package struct RedisEndpoint: Hashable, Sendable, CustomStringConvertible {
    package enum Topology: Hashable, Sendable {
        case single
        /// The master of this name, as the hosts, which are sentinels, tell.
        case sentinel(master: String)
        /// The cluster that the hosts are some of the nodes of.
        case cluster
    }

    package var topology = Topology.single
    /// At least one; a single server has one.
    package var hosts: [BindAddress]
    package var isEncrypted = false
    /// ACL user; nil: the default user.
    package var user: String?
    package var password: Secret?
    package var database = 0
    /// Sentinels have users of their own.
    package var sentinelUser: String?
    package var sentinelPassword: Secret?

    package init(hosts: [BindAddress]) {
        self.hosts = hosts
    }

    package init(
        host: String, port: Int = 6379, user: String? = nil, password: Secret? = nil, database: Int = 0
    ) {
        self.init(hosts: [BindAddress(host: host, port: port)])
        self.user = user
        self.password = password
        self.database = database
    }

    /// The URL without users and passwords.
    package var description: String {
        let name = "\(topology.scheme(isEncrypted: isEncrypted))://\(hosts.map(\.description).joined(separator: ","))"
        return switch topology {
        case .single: "\(name)/\(database)"
        case .sentinel(let master): "\(name)/\(master)/\(database)"
        case .cluster: name
        }
    }
}

extension RedisEndpoint.Topology {
    /// How the URLs of each look.
    static let forms = [
        "redis://[user:password@]host[:port][/db]",
        "redis+sentinel://[user:password@]host[:port],…/master[/db]",
        "redis+cluster://[user:password@]host[:port],…",
    ]

    func scheme(isEncrypted: Bool) -> String {
        let first = isEncrypted ? "rediss" : "redis"
        return switch self {
        case .single: first
        case .sentinel: "\(first)+sentinel"
        case .cluster: "\(first)+cluster"
        }
    }

    var form: String {
        switch self {
        case .single: Self.forms[0]
        case .sentinel: Self.forms[1]
        case .cluster: Self.forms[2]
        }
    }

    /// Sentinels listen elsewhere than what they watch.
    var defaultPort: Int { if case .sentinel = self { 26_379 } else { 6379 } }
}

extension Kind where Value == RedisEndpoint {
    /// The URL may hold a password, so no message shows it.
    static var redisEndpoint: Kind {
        let noun = "a URL such as redis://127.0.0.1:6379/0"
        return Kind(noun: noun, schema: { _ in .pattern("^rediss?([+](sentinel|cluster))?://") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            do throws(RedisURLProblem) {
                return try RedisEndpoint(url: text.value)
            } catch {
                reader.report(error.message, hint: error.hint)
                return nil
            }
        }
    }
}
