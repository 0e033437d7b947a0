import Filters
import HTTPWire
import NIOCore
import RedisClient

/// A node's response cache as the admin API sees it: what it holds in memory, and how it is purged here and in the cluster.
struct NodeCache: Sendable {
    let near: NearCache
    /// Nil: nothing is shared.
    let redis: RedisSettings?
    let namespace: String
    let loop: any EventLoop

    /// Removes what is meant, or makes it stale; with Redis on all nodes, which hear of it at once.
    /// - Throws: `RedisError` when Redis can't be asked; this node's memory is purged all the same.
    func purge(_ order: CachePurgeOrder) async throws {
        if let tag = order.tag { near.purge(tag: tag, isSoft: order.isSoft) }
        if case .url(let url) = order.what { near.purge(isSoft: order.isSoft) { CacheURL(url).isOf(key: $0) } }
        guard var redis else { return }
        redis.timeout = .seconds(2)
        let client = try await RedisClient.connect(redis, on: loop)
        let shared = CacheInRedis(client, namespace: namespace)
        let result = await Self.result {
            if let tag = order.tag { try await shared.purge(tag: tag, isSoft: order.isSoft) }
            if case .url(let url) = order.what { _ = try await shared.purge(url: url, isSoft: order.isSoft) }
        }
        try? await client.close()
        try result.get()
    }

    private static func result(_ body: () async throws -> Void) async -> Result<Void, any Error> {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}

/// What the admin API is asked to purge.
struct CachePurgeOrder: Sendable {
    enum What: Sendable {
        case url(String)
        case route(String)
        case tag(String)
    }

    let what: What
    let isSoft: Bool

    /// A route's responses carry a tag of their own.
    var tag: String? {
        switch what {
        case .url: nil
        case .route(let name): CacheRoute.tag(ofRoute: name)
        case .tag(let name): name
        }
    }
}
