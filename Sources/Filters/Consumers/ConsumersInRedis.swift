import RedisClient

/// The consumers of a cluster as they stand in Redis: for operators, from any host. Each change is told to all nodes.
package struct ConsumersInRedis: Sendable {
    /// More are not read in one go.
    package static let most = 10_000
    static let batch = 200

    let client: RedisClient
    let names: ConsumerNames

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        names = ConsumerNames(namespace: namespace)
    }

    /// Nil: there is none of this id.
    package func consumer(_ id: String) async throws -> ConsumerRecord? {
        let fields = try await fields(names.consumer(id))
        return ConsumerRecord(id: id, fields: fields)
    }

    /// Makes it, or replaces it.
    package func put(_ consumer: ConsumerRecord) async throws {
        let now = try await now(routedBy: names.consumer(consumer.id))
        var words = ["created", "\(consumer.created ?? now)"]
        if let plan = consumer.plan { words += ["plan", plan] }
        if !consumer.scopes.isEmpty { words += ["scopes", consumer.scopes.joined(separator: " ")] }
        try await put(names.consumer(consumer.id), words)
        try await announce("consumer \(consumer.id)")
    }

    /// Removes it with all of its keys.
    /// - Returns: how many keys it had; nil: there was neither it nor a key of it.
    package func deleteConsumer(_ id: String) async throws -> Int? {
        let keys = try await digests(of: id)
        // First the keys: a consumer of this id may also be configured, and they would go on being its own.
        for key in keys { try await client.send("DEL", names.key(key), routedBy: names.key(key)) }
        try await client.send("DEL", names.keys(of: id), routedBy: names.keys(of: id))
        let name = names.consumer(id)
        let removed = try await client.send("DEL", name, routedBy: name).integer ?? 0
        guard removed > 0 || !keys.isEmpty else { return nil }
        try await announce("consumer \(id)")
        return keys.count
    }

    package struct Listing<Item: Sendable>: Sendable {
        package var items: [Item]
        /// Whether there was no more than could be read.
        package var isComplete: Bool
    }

    package struct Listed: Sendable {
        package let consumer: ConsumerRecord
        package let keys: Int

        package init(consumer: ConsumerRecord, keys: Int) {
            self.consumer = consumer
            self.keys = keys
        }
    }

    /// In the order of their ids.
    package func consumers() async throws -> Listing<Listed> {
        let start = names.consumer("")
        let found = try await client.scan(match: "\(Self.literal(start))*", atMost: Self.most + 1)
        let items = try await each(Array(found.prefix(Self.most))) { name -> Listed? in
            let id = String(name.dropFirst(start.count))
            guard let consumer = try await consumer(id) else { return nil }
            let keys = try await client.send("SCARD", names.keys(of: id), routedBy: names.keys(of: id)).integer ?? 0
            return Listed(consumer: consumer, keys: keys)
        }
        return Listing(items: items.sorted { $0.consumer.id < $1.consumer.id }, isComplete: found.count <= Self.most)
    }

    // MARK: Words with Redis

    func fields(_ name: String) async throws -> [String: String] {
        try await unlessForeign { try await client.send("HGETALL", name, routedBy: name).dictionary } ?? [:]
    }

    func put(_ name: String, _ words: [String], until end: Int? = nil) async throws {
        let script = String(decoding: PackageResources.put_lua, as: UTF8.self)
        try await client.send(["EVAL", script, "1", name, end.map { "\($0)" } ?? ""] + words, routedBy: name)
    }

    func announce(_ event: String) async throws {
        let script = String(decoding: PackageResources.announce_lua, as: UTF8.self)
        try await client.send("EVAL", script, "1", names.version, names.channel, event, routedBy: names.version)
    }

    /// Seconds since 1970 on the clock of Redis.
    func now(routedBy name: String) async throws -> Int { try await client.time(routedBy: name) / 1_000_000 }

    /// Reads some at a time: enough to make one write of them, without holding up what the nodes ask.
    func each<Item: Sendable>(
        _ names: [String], _ read: @escaping @Sendable (String) async throws -> Item?
    ) async throws -> [Item] {
        var items: [Item] = []
        for start in stride(from: 0, to: names.count, by: Self.batch) {
            try await withThrowingTaskGroup { group in
                for name in names[start..<min(start + Self.batch, names.count)] {
                    group.addTask { try await read(name) }
                }
                for try await item in group { if let item { items.append(item) } }
            }
        }
        return items
    }

    /// For `MATCH`.
    static func literal(_ text: String) -> String { text.replacing(/[*?\[\]^\\]/) { "\\\($0.output)" } }
}
