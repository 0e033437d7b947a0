import GatewayCore
import NIOCore
import Policies

/// A stored response, complete. Immutable, and shared by all workers of a node.
package final class CachedResponse: Sendable {
    package let status: Int
    /// Complete field lines as the origin sent them, `Date` among them, without `Age` and those about the connection.
    package let lines: [UInt8]
    package let body: StoredBody
    package let lifetime: CacheLifetime
    package let etag: [UInt8]
    /// Seconds since 1970: what `If-Modified-Since` is compared with, so its Date if it has no Last-Modified
    /// (RFC 9111 §4.3.2).
    package let lastModified: Int?
    /// As the origin wrote it; empty if it did not.
    package let lastModifiedText: [UInt8]
    /// What `If-Range` may name beside the ETag (RFC 9110 §13.1.5).
    package let strongLastModified: Int?
    package let vary: VaryNames
    /// Which of the resource's responses this is: its request's values of the `vary` fields; `-` without any.
    package let variant: [UInt8]
    package let tags: [CacheTag]
    /// Names this object among all that are ever stored under its key.
    package let version: String
    /// Its age in microseconds at `receivedAt`, a time of this node's monotonic clock (RFC 9111 §4.2.3).
    package let initialAge: Int
    package let receivedAt: Int

    package init(
        status: Int, lines: [UInt8], body: StoredBody, facts: CacheResponseFacts, vary: VaryNames,
        lifetime: CacheLifetime,
        variant: [UInt8], tags: [CacheTag], version: String, initialAge: Int, receivedAt: Int
    ) {
        self.status = status
        self.lines = lines
        self.body = body
        self.lifetime = lifetime
        etag = facts.etag
        lastModified = facts.lastModified ?? facts.date
        lastModifiedText = facts.lastModifiedText
        strongLastModified = facts.isLastModifiedStrong ? facts.lastModified : nil
        self.vary = vary
        self.variant = variant
        self.tags = tags
        self.version = version
        self.initialAge = initialAge
        self.receivedAt = receivedAt
    }

    /// The same with other tags.
    init(_ other: CachedResponse, tags: [CacheTag]) {
        status = other.status
        lines = other.lines
        body = other.body
        lifetime = other.lifetime
        etag = other.etag
        lastModified = other.lastModified
        lastModifiedText = other.lastModifiedText
        strongLastModified = other.strongLastModified
        vary = other.vary
        variant = other.variant
        self.tags = tags
        version = other.version
        initialAge = other.initialAge
        receivedAt = other.receivedAt
    }

    /// In microseconds.
    package func age(at now: Int) -> Int { initialAge + max(0, now - receivedAt) }

    /// Bytes it takes in memory, about.
    package var cost: Int { body.count + lines.count + variant.count + 512 }

    /// The variant of responses that no request field selects.
    package static let onlyVariant: [UInt8] = [UInt8(ascii: "-")]
}

/// A name by which responses are purged together, with its generations when the response was fetched.
package struct CacheTag: Hashable, Sendable {
    package var name: String
    /// Moved by a purge: the response is gone.
    package var generation: Int
    /// Moved by a soft purge: the response is stale.
    package var softGeneration: Int

    package init(name: String, generation: Int = 0, softGeneration: Int = 0) {
        self.name = name
        self.generation = generation
        self.softGeneration = softGeneration
    }
}

extension [CacheTag] {
    /// With those that the origin gave, as far as they are others.
    func adding(_ names: [String]) -> [CacheTag] {
        names.reduce(self) { tags, name in
            tags.contains { $0.name == name } ? tags : tags + [CacheTag(name: name)]
        }
    }
}
