import GatewayCore
import Policies
import RedisClient

/// The audit of limit decisions as it stands in Redis: for operators, from any host.
package struct DecisionsInRedis: Sendable {
    /// A decision that was recorded.
    package struct Reading: Hashable, Sendable {
        /// When it was made: microseconds on the clock of Redis.
        package let time: Int
        package let policy: String
        package let subject: String
        package let cost: Int
        package let before: Int
        package let after: Int
        package let decision: String
        package let node: String
        package let route: String
        /// How many such decisions it stands for.
        package let weight: Int
    }

    private let client: RedisClient
    private let namespace: String
    private static let page = 1000

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        self.namespace = namespace
    }

    static func stream(_ namespace: String, _ rules: DecisionAudit.Rules) -> BoundedStream {
        BoundedStream(key: key(namespace), most: rules.keep, lifeMilliseconds: rules.lifeMilliseconds)
    }

    private static func key(_ namespace: String) -> String { "\(namespace):decisions" }

    /// The latest, newest first.
    package func latest(_ count: Int) async throws -> [Reading] {
        try await BoundedStream.latest(Self.key(namespace), most: count, from: client).compactMap {
            Reading(told: $0.time, $0.fields)
        }
    }

    /// All there are, oldest first; at most so many.
    package func all(atMost limit: Int) async throws -> [Reading] {
        var readings: [Reading] = []
        var start = "-"
        while readings.count < limit {
            let reply = try await client.send(
                "XRANGE", Self.key(namespace), start, "+", "COUNT", "\(Self.page)", routedBy: Self.key(namespace))
            let entries = BoundedStream.parse(reply)
            readings += entries.compactMap { Reading(told: $0.time, $0.fields) }
            guard entries.count == Self.page, let last = reply.elements.last?.elements.first?.text else { break }
            start = "(\(last)"
        }
        return Array(readings.prefix(limit))
    }
}

extension DecisionsInRedis.Reading {
    /// Nil for what does not read as a decision.
    init?(told: Int, _ fields: [String: String]) {
        func number(_ name: String) -> Int? { fields[name].flatMap { storedInteger($0) } }
        guard let policy = fields["policy"], let subject = fields["subject"], let decision = fields["decision"] else {
            return nil
        }
        time = (told - max(0, number("age_ms") ?? 0)) * 1000
        (self.policy, self.subject, self.decision) = (policy, subject, decision)
        cost = number("cost") ?? 1
        before = number("before") ?? 0
        after = number("after") ?? 0
        node = fields["node"] ?? ""
        route = fields["route"] ?? ""
        let share = fields["share"].flatMap { Double($0) } ?? 1
        weight = share > 0 && share < 1 ? Int(min(1 / share, Double(DemandReplay.mostWeight)).rounded()) : 1
    }
}

extension DecisionAudit.Entry {
    /// As fields of a stream's entry; its time is that of the entry less its age, so that only the clock of Redis counts.
    func fields(node: String, now: Int) -> BoundedStream.Entry {
        [
            ("policy", policy), ("subject", subject), ("decision", decision), ("cost", "\(cost)"),
            ("before", "\(before)"), ("after", "\(after)"), ("node", node), ("route", route), ("share", "\(share)"),
            ("age_ms", "\(max(0, now - atMicroseconds) / 1000)"),
        ]
    }
}
