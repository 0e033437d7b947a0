import RedisClient

/// The plans of a cluster as they stand in Redis.
extension ConsumersInRedis {
    /// More are not taken: each node keeps all of them.
    package static var mostPlans: Int { 1000 }

    /// The terms of all plans by their names, as fields of the configuration's.
    package func plans() async throws -> [String: [String: String]] {
        let listed = try await client.send("SMEMBERS", names.plans, routedBy: names.plans).elements
            .compactMap(\.text).sorted().prefix(Self.mostPlans)
        let read = try await each(Array(listed)) { name in
            let fields = try await fields(names.plan(name))
            return fields.isEmpty ? nil : (name, fields)
        }
        return Dictionary(read) { first, _ in first }
    }

    package func plan(_ name: String) async throws -> [String: String]? {
        let fields = try await fields(names.plan(name))
        return fields.isEmpty ? nil : fields
    }

    /// - Parameter fields: at least one; valid as a plan of the configuration is.
    package func putPlan(_ name: String, _ fields: [String: String]) async throws {
        try await put(names.plan(name), fields.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
        try await client.send("SADD", names.plans, name, routedBy: names.plans)
        try await announce("plan \(name)")
    }

    /// - Returns: whether there was one.
    package func deletePlan(_ name: String) async throws -> Bool {
        let removed = try await client.send("DEL", names.plan(name), routedBy: names.plan(name)).integer ?? 0
        let listed = try await client.send("SREM", names.plans, name, routedBy: names.plans).integer ?? 0
        guard removed + listed > 0 else { return false }
        try await announce("plan \(name)")
        return true
    }
}
