import Policies
import RedisClient

/// The scripts of breakers, as a link to Redis calls them.
package struct BreakerScripts {
    /// What `sync.lua` and `force.lua` answer.
    package struct Reply: Hashable, Sendable {
        package let view: ClusterView
        /// The granted probe, or whether the breaker was forced.
        package let number: Int

        init?(_ reply: RedisReply) {
            guard reply.count == 5, let state = reply[0].flatMap({ Breaker.State(rawValue: $0.text) }),
                let epoch = reply[1].flatMap({ Int($0.text) }), let remaining = reply[2].flatMap({ Int($0.text) }),
                let cause = reply[3]?.text, let number = reply[4]?.integer
            else { return nil }
            view = ClusterView(
                state: state, epoch: epoch, remainingMicroseconds: min(max(0, remaining), TokenBucket.longestWait),
                cause: cause)
            self.number = number
        }
    }

    package enum Order: String, Sendable {
        case open, closed
        /// By the usual rules again.
        case auto
    }

    private let link: RedisLink
    private let namespace: String
    private let sync: RedisScriptID
    private let force: RedisScriptID

    /// Registers the scripts. On the link's loop.
    package init(link: RedisLink, namespace: String) {
        self.init(link: link, namespace: namespace, prefix: [])
    }

    /// - Parameter prefix: put before each script; tests set its clock there.
    init(link: RedisLink, namespace: String, prefix: [UInt8]) {
        self.link = link
        self.namespace = namespace
        let common = prefix + PackageResources.breaker_lua
        sync = link.register(RedisScript(name: "breaker sync", source: common + PackageResources.sync_lua))
        force = link.register(RedisScript(name: "breaker force", source: common + PackageResources.force_lua))
    }

    /// Tells the cluster what a node has seen, and asks for its decision. Nil: Redis could not be asked.
    func synchronize(
        _ upstream: String, node: String, _ report: BreakerReport, _ settings: BreakerSettings,
        completion: @escaping (Reply?) -> Void
    ) {
        link.call(sync, keys: 1, arguments: 19 + 2 * report.ended.count) { writer in
            writeStart(&writer, upstream)
            writer.append(node)
            writer.append(report.epoch)
            writer.append(report.isOpen ? 1 : 0)
            writer.append(report.remainingMicroseconds)
            for number in [
                settings.failures, settings.errorMillionths, settings.minimum, settings.windowMicroseconds,
                settings.openMicroseconds, settings.probes, report.counts.calls, report.counts.failed,
                report.counts.slow, report.consecutiveFailures, report.windowFailed, report.windowCalls,
                report.asksForProbe ? 1 : 0,
            ] { writer.append(number) }
            for probe in report.ended {
                writer.append(probe.number)
                writer.append(probe.end.rawValue)
            }
        } completion: { result in
            completion((try? result.get()).flatMap(Reply.init))
        }
    }

    /// An operator's order. It is carried out if the breaker is in the epoch in which it was seen; nil: in any.
    package func force(
        _ upstream: String, _ order: Order, epoch: Int?, durationMicroseconds: Int,
        completion: @escaping (Result<Reply, RedisError>) -> Void
    ) {
        link.call(force, keys: 1, arguments: 5) { writer in
            writeStart(&writer, upstream)
            writer.append(order.rawValue)
            writer.append(epoch.map { "\($0)" } ?? "")
            writer.append(durationMicroseconds)
        } completion: { result in
            completion(
                result.flatMap { reply in
                    Reply(reply).map { .success($0) }
                        ?? .failure(.unexpectedReply("state, epoch, remaining time, cause and a number of force.lua"))
                })
        }
    }

    private func writeStart(_ writer: inout RedisCommandWriter, _ upstream: String) {
        writer.append("\(namespace):breaker:{\(upstream)}")
        writer.append("\(namespace):events")
        writer.append(upstream)
    }
}
