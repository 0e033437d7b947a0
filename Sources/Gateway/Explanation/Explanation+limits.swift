import Filters
import RedisClient

/// What is left of the limits that an explained request would take tokens of.
extension Explanation {
    /// Asks Redis; leaves all as it is where Redis can't be asked.
    package mutating func readLimits(_ client: RedisClient, namespace: String) async {
        guard var route else { return }
        let buckets = LimitsInRedis(client, namespace: namespace)
        for (place, limit) in route.limits.enumerated() {
            guard let subject = limit.subject, subject != CredentialRedaction.hidden else { continue }
            let name = BucketName(policy: limit.policy, subject: subject)
            guard let listing = try? await buckets.list(policy: name.policy, subject: name.subject) else { return }
            route.limits[place].live =
                listing.readings.first?.windows.map {
                    Window(window: $0.name, left: $0.tokens, capacity: $0.capacity)
                } ?? []
        }
        self.route = route
    }
}
