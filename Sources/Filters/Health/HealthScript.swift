import RedisClient

/// `health.lua` as a link to Redis calls it.
package struct HealthScript {
    package struct Reply: Hashable, Sendable {
        /// This node checks.
        package let isProber: Bool
        package let remainingMicroseconds: Int
        /// Whether each target is well, by its name.
        package let verdicts: [String: Bool]

        init?(_ reply: RedisReply) {
            guard reply.count >= 2, reply.count.isMultiple(of: 2), let own = reply[0]?.integer,
                let remaining = reply[1].flatMap({ Int($0.text) })
            else { return nil }
            isProber = own == 1
            remainingMicroseconds = remaining
            var verdicts: [String: Bool] = [:]
            for index in stride(from: 2, to: reply.count, by: 2) {
                if let name = reply[index]?.text { verdicts[name] = reply[index + 1]?.text == "healthy" }
            }
            self.verdicts = verdicts
        }
    }

    private let link: RedisLink
    private let namespace: String
    private let script: RedisScriptID

    /// Registers the script. On the link's loop.
    /// - Parameter prefix: put before the script; tests set its clock there.
    init(link: RedisLink, namespace: String, prefix: [UInt8] = []) {
        self.link = link
        self.namespace = namespace
        script = link.register(RedisScript(name: "health", source: prefix + PackageResources.health_lua))
    }

    /// - Parameters:
    ///   - lease: for how long the node would check, in microseconds; 0: no longer.
    ///   - findings: of a node that has been checking; nil: of another.
    ///   - completion: nil: Redis could not be asked.
    func share(
        _ upstream: String, node: String, lease: Int, findings: [String: Bool]?, completion: @escaping (Reply?) -> Void
    ) {
        let targets = findings?.sorted { $0.key < $1.key } ?? []
        link.call(script, keys: 1, arguments: 5 + 2 * targets.count) { writer in
            writer.append("\(namespace):health:{\(upstream)}")
            writer.append("\(namespace):events")
            writer.append(upstream)
            writer.append(node)
            writer.append(lease)
            writer.append(findings == nil ? 0 : 1)
            for (name, isHealthy) in targets {
                writer.append(name)
                writer.append(isHealthy ? "healthy" : "unhealthy")
            }
        } completion: { result in
            completion((try? result.get()).flatMap(Reply.init))
        }
    }
}
