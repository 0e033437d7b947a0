import GatewayCore
import NIOCore
import NIOPosix
import Policies
import RedisClient
import TestSupport
import Testing

@testable import Filters

/// The shared store of cached responses on a real Redis, asked as the cache asks it.
@Suite("Cached responses in Redis", .serialized, .ownThreads, .timeLimit(.minutes(2)))
struct RedisResponsesTests {
    private let redis: RedisServer
    private let store: StoreOnLoop

    init() async throws {
        redis = try await RedisServer()
        store = try await StoreOnLoop(ports: [redis.port])
    }

    /// The store with its loop, for callers that are on none.
    private final class StoreOnLoop: Sendable {
        private let loop: any EventLoop
        private let store: NIOLoopBound<RedisResponses>

        /// - Parameter ports: one of a server, or several of a cluster's.
        init(ports: [Int]) async throws {
            loop = MultiThreadedEventLoopGroup.singleton.next()
            var settings = RedisSettings(port: ports[0])
            if ports.count > 1 {
                settings.topology = .cluster(seeds: ports.map { RedisAddress(host: "127.0.0.1", port: $0) })
            }
            settings.timeout = .seconds(5)
            store = try await loop.submit { [loop, settings] in
                let link = RedisLink(settings, on: loop)
                let store = RedisResponses(link: link, namespace: "sluice")
                link.start()
                return NIOLoopBound(store, eventLoop: loop)
            }.get()
            try await eventually("the store is connected") { try await self.run { $0.isReady } }
        }

        func run<Value: Sendable>(_ body: @escaping @Sendable (RedisResponses) -> Value) async throws -> Value {
            try await loop.submit { [store] in body(store.value) }.get()
        }

        func look(
            _ key: String, intent: SharedLook.Intent = .fill, fields: [(String, String)] = [],
            known: CachedResponse? = nil, tags: [String] = []
        ) async throws -> SharedAnswer {
            let promise = loop.makePromise(of: Answer.self)
            try await run { store in
                let question = SharedLook(
                    key: Array(key.utf8), fields: fields.map { ($0.0, Array($0.1.utf8)) }, intent: intent, known: known,
                    tags: tags)
                store.look(question) { promise.succeed(Answer(value: $0)) }
            }
            return try await promise.futureResult.get().value
        }

        private struct Answer: Sendable { let value: SharedAnswer }
    }

    private func response(
        _ body: String = "hello", fresh: Int = 60_000_000, vary: String = "", variant: String = "-",
        tags: [CacheTag] = [], version: String = "v1"
    ) -> CachedResponse {
        let lines = Array("Content-Type: text/plain\r\nETag: \"e\"\r\n".utf8)
        var lifetime = CacheLifetime(fresh: fresh)
        lifetime.staleIfError = 60_000_000
        return CachedResponse(
            status: 200, lines: lines, body: StoredBody(ByteBuffer(string: body)),
            facts: StoredFields.facts(lines, status: 200, now: 0), vary: VaryNames(vary), lifetime: lifetime,
            variant: Array(variant.utf8), tags: tags, version: version, initialAge: 0,
            receivedAt: MonotonicClock.microsecondsWithSleep())
    }

    private func fill(_ key: String, tags: [String] = []) async throws -> SharedFill {
        guard case .missing(let fill) = try await store.look(key, tags: tags) else {
            throw TestFailure("no fill of \(key)")
        }
        return fill
    }

    private func commit(_ response: CachedResponse, _ fill: SharedFill, isRenewal: Bool = false) async throws {
        let before = try await store.run { $0.counters }
        try await store.run { $0.commit(response, fill, isRenewal: isRenewal) }
        try await eventually("the commit has ended") { try await store.run { $0.counters } != before }
    }

    private func found(_ answer: SharedAnswer) -> CachedResponse? {
        if case .found(let response, _, _, _) = answer { response } else { nil }
    }

    @Test("what was committed is found, with all that it was, and the fill is over")
    func roundTrip() async throws {
        try await commit(response(), try await fill("http://x/a"))
        let response = try #require(found(try await store.look("http://x/a")))
        #expect(String(buffer: response.body.buffer) == "hello")
        #expect(response.etag == Array("\"e\"".utf8))
        #expect(response.lifetime.fresh == 60_000_000 && response.lifetime.hasValidator)
        #expect(try await redis.cli("EXISTS", "sluice:fill:{http://x/a}") == "0")
        guard case .same(_, false, nil, .none) = try await store.look("http://x/a", known: response) else {
            throw TestFailure("it is sent again though it is known")
        }
    }

    @Test("one fetches at a time; who has lost the fill stores nothing; a held fill says that nobody fetches")
    func fencing() async throws {
        let first = try await fill("http://x/b")
        guard case .filling = try await store.look("http://x/b") else { throw TestFailure("a second fill was given") }
        try await redis.cli("DEL", "sluice:fill:{http://x/b}")
        let second = try await fill("http://x/b")
        try await commit(response("late", version: "late"), first)
        #expect(try await store.run { $0.counters.outrun } == 1)
        try await commit(response("new", version: "new"), second)
        #expect(found(try await store.look("http://x/b")).map { String(buffer: $0.body.buffer) } == "new")
        guard case .found(_, _, let third?, _) = try await store.look("http://x/b", intent: .validate) else {
            throw TestFailure("no fill to validate")
        }
        try await store.run { $0.end(third, .held) }
        guard case .found(_, _, nil, .held) = try await store.look("http://x/b", intent: .validate) else {
            throw TestFailure("the fill is not held")
        }
    }

    @Test("a purge at any moment of a fetch wins over it")
    func purges() async throws {
        let before = try await fill("http://x/c")
        try await store.run { $0.purge(key: Array("http://x/c".utf8), isSoft: false) }
        try await commit(response(), before)
        #expect(found(try await store.look("http://x/c", intent: .read)) == nil)
        try await redis.cli("DEL", "sluice:fill:{http://x/c}")

        let tagged = try await fill("http://x/c", tags: ["t"])
        try await redis.cli("INCR", "sluice:tag:t")
        try await commit(response(tags: tagged.tags), tagged)
        #expect(found(try await store.look("http://x/c", intent: .read)) == nil)

        try await commit(response(tags: [CacheTag(name: "t")]), try await fill("http://x/c"))
        #expect(found(try await store.look("http://x/c", intent: .read)) != nil)
        try await redis.cli("INCR", "sluice:softtag:t")
        guard case .found(_, isSoft: true, _?, _) = try await store.look("http://x/c") else {
            throw TestFailure("a soft purge makes nothing stale")
        }
    }

    @Test("variants are told apart by what they were selected by, and go when Vary changes")
    func variants() async throws {
        let key = "http://x/d"
        try await commit(
            response("de", vary: "accept-language", variant: "accept-language=de", version: "1"), try await fill(key))
        guard case .missing(let other) = try await store.look(key, fields: [("accept-language", "en"), ("x", "y")])
        else {
            throw TestFailure("another variant was found")
        }
        try await commit(response("en", vary: "accept-language", variant: "accept-language=en", version: "2"), other)
        for language in ["de", "en"] {
            let body = found(try await store.look(key, fields: [("accept-language", language)])).map {
                String(buffer: $0.body.buffer)
            }
            #expect(body == language)
        }
        guard case .missing(let third) = try await store.look(key) else {
            throw TestFailure("no variant without the field")
        }
        try await commit(response("all", version: "3"), third)
        #expect(
            found(try await store.look(key, fields: [("accept-language", "de")])).map { String(buffer: $0.body.buffer) }
                == "all")
        let left = try await redis.cli("KEYS", "*").split(separator: "\n")
        #expect(left.count == 3, "\(left)")
    }

    @Test("no piece is larger than 256 KiB, all come back in order, and a renewal keeps them")
    func pieces() async throws {
        let body = (0..<200_000).map { "\($0)," }.joined()
        let whole = response(body)
        try await commit(whole, try await fill("http://x/e"))
        #expect(found(try await store.look("http://x/e", intent: .read)).map { String(buffer: $0.body.buffer) } == body)
        guard case .found(_, _, let again?, _) = try await store.look("http://x/e", intent: .validate) else {
            throw TestFailure("no fill to validate")
        }
        try await commit(response(body, fresh: 90_000_000), again, isRenewal: true)
        let renewed = try #require(found(try await store.look("http://x/e", intent: .read)))
        #expect(renewed.lifetime.fresh == 90_000_000 && renewed.body.count == body.utf8.count)
        for key in try await redis.cli("KEYS", "*:v1:*").split(separator: "\n") {
            #expect(Int(try await redis.cli("STRLEN", String(key))) ?? .max <= 256 << 10)
            #expect(Int(try await redis.cli("PTTL", String(key))) ?? 0 > 90_000)
        }
    }

    @Test("what can't be stored is told to all, for a while, and the mark goes by itself")
    func pass() async throws {
        try await store.run { [fill = try await fill("http://x/f")] in $0.end(fill, .pass(400_000)) }
        guard case .pass(let remaining) = try await store.look("http://x/f") else { throw TestFailure("no mark") }
        #expect((1...400_000).contains(remaining))
        try await eventually("it may be tried again") {
            if case .missing = try await store.look("http://x/f") { true } else { false }
        }
    }

    @Test("a full Redis drops what can't be stored, and the fill is given back")
    func outOfMemory() async throws {
        let fill = try await fill("http://x/g")
        try await redis.cli("CONFIG", "SET", "maxmemory", "1")
        try await commit(response(), fill)
        #expect(try await store.run { $0.counters.failures } > 0)
        try await redis.cli("CONFIG", "SET", "maxmemory", "0")
        try await eventually("another may try") {
            if case .missing = try await store.look("http://x/g") { true } else { false }
        }
    }

    @Test("forgotten scripts are loaded again, and every key that is left has an end")
    func scripts() async throws {
        try await redis.cli("SCRIPT", "FLUSH")
        try await commit(response(), try await fill("http://x/h"))
        #expect(found(try await store.look("http://x/h")) != nil)
        _ = try await fill("http://x/i")
        for key in try await redis.cli("KEYS", "*").split(separator: "\n") {
            #expect(Int(try await redis.cli("PTTL", String(key))) ?? -1 > 0, "\(key)")
        }
    }

    @Test("in a cluster entries, fills and tags work across slots")
    func clustered() async throws {
        let cluster = try await RedisCluster()
        let store = try await StoreOnLoop(ports: cluster.servers.map(\.port))
        let first = try await store.look("http://x/k", tags: ["t", "u"])
        guard case .missing(let fill) = first else { throw TestFailure("no fill: \(first)") }
        #expect(fill.tags == [CacheTag(name: "t"), CacheTag(name: "u")])
        let entry = response(tags: fill.tags)
        try await store.run { $0.commit(entry, fill, isRenewal: false) }
        try await eventually("it is found") { found(try await store.look("http://x/k", intent: .read)) != nil }
        let owner = try await cluster.owner(of: Int(RedisSlot(of: "sluice:tag:u").number))
        _ = try await cluster.cli(owner, "INCR", "sluice:tag:u")
        #expect(found(try await store.look("http://x/k", intent: .read)) == nil)
    }
}
