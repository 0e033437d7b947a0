import GatewayCore
import HTTPWire
import NIOCore
import Policies
import Testing

@testable import Filters

@Suite("The responses in a node's memory")
struct NearCacheTests {
    private func response(_ size: Int = 1000, variant: String = "-", vary: String = "", tags: [String] = [])
        -> CachedResponse
    {
        CachedResponse(
            status: 200, lines: [], body: .memory(ByteBuffer(repeating: 0x61, count: size)),
            facts: CacheResponseFacts(status: 200, now: 0), vary: VaryNames(vary),
            lifetime: CacheLifetime(fresh: 1_000_000), variant: Array(variant.utf8),
            tags: tags.map { CacheTag(name: $0) }, version: "1", initialAge: 0, receivedAt: 0)
    }

    private func look(_ cache: NearCache, _ key: String) -> NearEntry? {
        Array(key.utf8).withUnsafeBufferPointer { cache.look($0) }
    }

    @Test("whatever is kept, the bound in bytes holds, and what is asked for is what was kept")
    func bound() {
        let cache = NearCache(capacity: 1 << 20)
        var generator = SystemRandomNumberGenerator()
        for round in 0..<20_000 {
            let key = "k\(Int.random(in: 0..<3000, using: &generator))"
            if let entry = look(cache, key) { #expect(entry.key == Array(key.utf8)) }
            if round % 3 == 0 {
                cache.keep(
                    response(Int.random(in: 0...20_000, using: &generator)), under: Array(key.utf8), confirmedAt: 0)
            }
            if round % 97 == 0 { cache.remove(Array(key.utf8)) }
        }
        #expect(cache.counters.bytes <= 1 << 20)
        #expect(cache.counters.entries > 10)
        #expect(cache.counters.evictions > 100)
        cache.removeAll()
        #expect(cache.counters.bytes == 0 && cache.counters.entries == 0)
    }

    @Test("an object that would fill half of the room is not kept")
    func tooLarge() {
        let cache = NearCache(capacity: 1 << 20)
        cache.keep(response(700_000), under: [1], confirmedAt: 0)
        #expect(cache.counters.entries == 0)
    }

    @Test("a scan through rare keys pushes no popular one out")
    func scanResistance() {
        let cache = NearCache(capacity: 1 << 20)
        let popular = (0..<200).map { "popular\($0)" }
        for _ in 0..<6 {
            for key in popular where look(cache, key) == nil {
                cache.keep(response(), under: Array(key.utf8), confirmedAt: 0)
            }
        }
        for index in 0..<20_000 {
            let key = "rare\(index)"
            if look(cache, key) == nil { cache.keep(response(), under: Array(key.utf8), confirmedAt: 0) }
            if index % 20 == 0 { _ = look(cache, popular[index / 20 % popular.count]) }
        }
        let kept = popular.count { look(cache, $0) != nil }
        // The least recently used would be gone after a few hundred rare ones.
        #expect(kept > 150, "\(kept) of 200")
    }

    @Test("variants live side by side until Vary names other fields")
    func variants() {
        let cache = NearCache(capacity: 1 << 20)
        let key = Array("k".utf8)
        cache.keep(response(variant: "accept=a", vary: "accept"), under: key, confirmedAt: 0)
        cache.keep(response(variant: "accept=b", vary: "accept"), under: key, confirmedAt: 0)
        #expect(look(cache, "k")?.slots.count == 2)
        cache.keep(response(variant: "x=1", vary: "x"), under: key, confirmedAt: 0)
        #expect(look(cache, "k")?.slots.map { String(decoding: $0.response.variant, as: UTF8.self) } == ["x=1"])
    }

    @Test("a purge of a tag takes what carries it, and keeps a fetch that began before from being stored")
    func purges() {
        let cache = NearCache(capacity: 1 << 20)
        cache.keep(response(tags: ["a", "b"]), under: [1], confirmedAt: 0)
        cache.keep(response(tags: ["b"]), under: [2], confirmedAt: 0)
        let before = cache.purgeCount
        cache.purge(tag: "a", isSoft: false)
        #expect([UInt8(1)].withUnsafeBufferPointer { cache.look($0) } == nil)
        #expect([UInt8(2)].withUnsafeBufferPointer { cache.look($0) } != nil)
        #expect(!cache.mayKeep(tags: [CacheTag(name: "a")], since: before))
        #expect(cache.mayKeep(tags: [CacheTag(name: "b")], since: before))
        #expect(cache.mayKeep(tags: [CacheTag(name: "a")], since: cache.purgeCount))
        for index in 0..<1000 { cache.purge(tag: "t\(index)", isSoft: true) }
        // It can't be told any more, so no.
        #expect(!cache.mayKeep(tags: [CacheTag(name: "b")], since: before))
    }

    @Test("what an operator calls a URL is all that is cached of it")
    func urls() {
        func isOf(_ url: String, _ key: String) -> Bool {
            Array(key.utf8).withUnsafeBufferPointer { CacheURL(url).isOf(key: $0) }
        }
        #expect(isOf("/a", "http://x/a") && isOf("/a", "http://x/a?q=1") && isOf("/a", "http://x/a|h.t=1"))
        #expect(isOf("http://X/a", "http://x/a") && isOf("x/a", "https://x/a"))
        #expect(isOf("/a?q=1", "http://x/a?q=1|c.s=2") && !isOf("/a?q=2", "http://x/a?q=1"))
        // TLS may end before the node, and a route may leave parameters out of its key, or sort them.
        #expect(isOf("https://x/a", "http://x/a"))
        #expect(isOf("/a?q=1&utm_s=2", "http://x/a?q=1") && isOf("/a?b=1&a=2", "http://x/a?a=2&b=1"))
        #expect(isOf("/a?q=1", "http://x/a") && !isOf("/a?", "http://x/a?q=1"))
        // As a node would read the path.
        #expect(isOf("http://x//a/../%7eb|c#top", "http://x/~b%7Cc") && isOf("http://x", "http://x/"))
        #expect(isOf("x:81/a?b", "http://x:81/a?b") && !isOf("x/a", "http://x:81/a"))
        #expect(!isOf("/a", "http://x/ab") && !isOf("http://y/a", "http://x/a") && !isOf("/a", "nonsense"))
    }
}
