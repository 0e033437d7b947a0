import RedisClient
import Synchronization

/// Keeps a node's knowledge of consumers in step with Redis, off the path of requests: reads their version several times a
/// second, and the plans whenever they may have changed.
package final class ConsumerFollower: Sendable {
    /// Two readings are needed to know of an event that was lost; together they stay well within a second.
    static let pause = Duration.milliseconds(200)
    /// Changes of plans that nobody announced are found after so many readings.
    private static let readingsPerPlans = 150

    private let news: ConsumerNews
    private let plans: SharedPlans
    private let task = Mutex<Task<Void, Never>?>(nil)

    package init(news: ConsumerNews, plans: SharedPlans) {
        self.news = news
        self.plans = plans
    }

    package func start(_ client: RedisClient, namespace: String) {
        let consumers = ConsumersInRedis(client, namespace: namespace)
        let following = Task { [self] in
            var readings = 0
            var isHeard = false
            while !Task.isCancelled {
                if await readVersion(consumers) {
                    isHeard = true
                    readings += 1
                    await readPlans(consumers, isDue: readings.isMultiple(of: Self.readingsPerPlans))
                }
                try? await Task.sleep(for: isHeard ? Self.pause : .milliseconds(20))
            }
            try? await client.close()
        }
        task.withLock { $0 = following }
    }

    package func stop() async {
        let following = task.withLock { $0 }
        following?.cancel()
        await following?.value
    }

    private func readVersion(_ consumers: ConsumersInRedis) async -> Bool {
        let askedAt = SharedConsumers.clock()
        let name = consumers.names.version
        guard let reply = try? await consumers.client.send("GET", name, routedBy: name) else { return false }
        news.read(version: reply.integer ?? 0, askedAt: askedAt)
        return true
    }

    private func readPlans(_ consumers: ConsumersInRedis, isDue: Bool) async {
        guard news.takePlansChanged() || isDue else { return }
        guard let read = try? await consumers.plans() else { return news.plansNotRead() }
        plans.adopt(read)
    }
}
