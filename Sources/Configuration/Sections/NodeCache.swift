/// `cache` of the whole node: what it keeps in memory.
package struct NodeCacheSettings: Hashable, Sendable {
    /// Bound on the responses in memory.
    package var memoryBytes = 64 << 20
    /// How long a response in memory serves without Redis having confirmed it.
    package var lagMicroseconds = 1_000_000
    /// Whether bodies of text are compressed in Redis.
    package var compresses = false

    static let kind = Kind<NodeCacheSettings>.section("node_cache", "a mapping such as { memory: 256MiB, lag: 1s }") {
        section in
        var cache = NodeCacheSettings()
        cache.memoryBytes = section.value(
            "memory", .size((1 << 20)...(64 << 30)), default: cache.memoryBytes,
            "How much of the cached responses a node keeps in memory.")
        cache.lagMicroseconds = section.value(
            "lag", .duration(50_000...60_000_000), default: cache.lagMicroseconds,
            "How long a response in memory serves without Redis having confirmed it, should news of a purge be lost.")
        cache.compresses = section.value(
            "compress", .boolean, default: cache.compresses,
            "Whether bodies of text are compressed in Redis: less memory there, some work here.")
        return cache
    }
}
