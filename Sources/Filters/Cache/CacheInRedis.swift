import RedisClient

/// The cached responses of a cluster as they stand in Redis: for operators, from any host. Off the request path.
package struct CacheInRedis: Sendable {
    /// More keys than these are not looked at in one go.
    package static let mostKeys = 10_000

    private let client: RedisClient
    private let names: CacheNames

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        names = CacheNames(namespace: namespace)
    }

    /// One stored response.
    package struct Reading: Hashable, Sendable {
        package var key: String
        package var variant: String
        package var status: Int
        package var bytes: Int
        /// In microseconds, as `fresh` is.
        package var age: Int
        package var fresh: Int
        package var tags: [String]
        package var isSoft: Bool
        /// Until Redis forgets it, in milliseconds.
        package var expiry: Int
        /// Its field lines.
        package var headers: String

        package var isStale: Bool { isSoft || age >= fresh }
    }

    /// The stored responses of all keys in which the text occurs (all, if it is empty), by key and variant.
    package func list(containing text: String = "") async throws -> (readings: [Reading], isComplete: Bool) {
        let keys = try await keys(containing: text)
        var readings: [Reading] = []
        for key in keys.prefix(Self.mostKeys) { readings += try await read(key) }
        return (readings.sorted { ($0.key, $0.variant) < ($1.key, $1.variant) }, keys.count <= Self.mostKeys)
    }

    /// All keys of a URL: those that further parts tell apart, such as a header in the key, are among them.
    /// - Parameter url: with or without scheme and host; without a query all queries are meant.
    package func list(url: String) async throws -> [Reading] {
        var readings: [Reading] = []
        for key in try await keys(ofURL: url) { readings += try await read(key) }
        return readings.sorted { ($0.key, $0.variant) < ($1.key, $1.variant) }
    }

    /// Removes what is stored of a URL, or makes it stale; answers how many keys there were.
    package func purge(url: String, isSoft: Bool) async throws -> Int {
        let keys = try await keys(ofURL: url)
        for key in keys { try await purge(key: key, isSoft: isSoft) }
        return keys.count
    }

    package func purge(key: String, isSoft: Bool) async throws {
        let bytes = Array(key.utf8)
        let keys = names.keys(of: bytes)
        let index = String(decoding: keys.index, as: UTF8.self)
        let event = String(decoding: names.event(isSoft ? "soften" : "purge", bytes), as: UTF8.self)
        try await client.send(
            "EVAL", String(decoding: PackageResources.purge_lua, as: UTF8.self), "2", index,
            String(decoding: keys.fill, as: UTF8.self), isSoft ? "soft" : "hard", names.channel, event, routedBy: index)
        // In a cluster a script's message may not reach the channel's listeners on other servers before Redis 7.
        try await client.publish(event, to: names.channel)
    }

    /// Voids all that carries a tag, however much that is: its generation moves.
    package func purge(tag: String, isSoft: Bool) async throws {
        let key = String(decoding: isSoft ? names.softTag(tag) : names.tag(tag), as: UTF8.self)
        try await client.send("INCR", key, routedBy: key)
        // Longer than any response lives: when it lapses nothing is left that was fetched before.
        try await client.send("PEXPIRE", key, "\(CacheNames.tagLifetime)", routedBy: key)
        try await client.publish("cache \(isSoft ? "softtag" : "tag") \(tag)", to: names.channel)
    }

    // MARK: Keys

    private func keys(ofURL text: String) async throws -> [String] {
        let url = CacheURL(text)
        return try await keys(containing: url.target).filter { key in
            Array(key.utf8).withUnsafeBufferPointer { url.isOf(key: $0) }
        }
    }

    private func keys(containing text: String) async throws -> [String] {
        let start = "\(names.namespace):cache:{"
        let pattern = "\(Self.literal(start))*\(text.isEmpty ? "" : Self.literal(text) + "*")}"
        return try await client.scan(match: pattern, atMost: Self.mostKeys + 1).map {
            String($0.dropFirst(start.count).dropLast())
        }.sorted()
    }

    private static func literal(_ text: String) -> String { text.replacing(/[*?\[\]^\\]/) { "\\\($0.output)" } }

    // MARK: Reading

    private func read(_ key: String) async throws -> [Reading] {
        let bytes = Array(key.utf8)
        let index = String(decoding: names.keys(of: bytes).index, as: UTF8.self)
        let fields = try await unlessForeign { try await client.send("HKEYS", index, routedBy: index).elements }
        var readings: [Reading] = []
        for field in fields ?? [] {
            guard let name = field.text, name.hasPrefix("variant:") else { continue }
            let variant = String(name.dropFirst("variant:".count))
            if let reading = try await unlessForeign({ try await read(key, variant, "\(index):\(variant)", index) }) {
                readings.append(reading)
            }
        }
        return readings
    }

    private func read(_ key: String, _ variant: String, _ entry: String, _ index: String) async throws -> Reading? {
        let now = try await client.time(routedBy: index)
        let fields = try await client.send("HGETALL", entry, routedBy: index).dictionary
        let expiry = try await client.send("PTTL", entry, routedBy: index).integer ?? 0
        func number(_ name: String) -> Int? { fields[name].flatMap { Int($0) } }
        guard let status = number("status"), let stored = number("stored"), let age = number("age"),
            let fresh = number("fresh"), let length = number("length")
        else { return nil }
        return Reading(
            key: key, variant: variant, status: status, bytes: length, age: max(0, now - stored) + age, fresh: fresh,
            tags: CacheTag.parse(fields["tags"] ?? "").map(\.name), isSoft: fields["soft"] == "1", expiry: expiry,
            headers: fields["headers"] ?? "")
    }
}
