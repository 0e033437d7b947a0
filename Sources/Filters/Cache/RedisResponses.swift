import GatewayCore
import HTTPWire
import NIOCore
import Policies
import RedisClient

/// The cluster's cached responses in Redis: one script call to look, take a fill and get the first piece of the body.
///
/// Bodies are stored in pieces, one command each, so that no command holds Redis or the connection for long; the script that
/// makes a response visible comes last. Each piece is named by the response's version, so a reader can't mix two bodies.
package final class RedisResponses: SharedResponses {
    /// Bytes a single command moves at most, besides a response's fields.
    static let pieceBytes = 256 << 10

    let link: RedisLink
    private let compresses: Bool
    let names: CacheNames
    private let lookScript: RedisScriptID
    private let storeScript: RedisScriptID
    private let endScript: RedisScriptID
    private let purgeScript: RedisScriptID
    let flowScript: RedisScriptID
    let followScript: RedisScriptID
    private var waiting: [[UInt8]: [Waiter]] = [:]
    private var serial = 0
    package var counters = SharedCacheCounters()
    /// Told of keys whose response was not stored since a purge or another fetch was faster: what is near may be void.
    package var whenOutrun: (([UInt8]) -> Void)?

    private struct Waiter {
        let serial: Int
        let wake: () -> Void
    }

    /// - Parameter compresses: whether bodies of text are compressed.
    package init(link: RedisLink, namespace: String, compresses: Bool = false) {
        self.link = link
        self.compresses = compresses
        names = CacheNames(namespace: namespace)
        lookScript = link.register(RedisScript(name: "cache look", source: PackageResources.look_lua))
        storeScript = link.register(RedisScript(name: "cache store", source: PackageResources.store_lua))
        endScript = link.register(RedisScript(name: "cache end", source: PackageResources.end_lua))
        purgeScript = link.register(RedisScript(name: "cache purge", source: PackageResources.purge_lua))
        flowScript = link.register(RedisScript(name: "cache flow", source: PackageResources.flow_lua))
        followScript = link.register(RedisScript(name: "cache follow", source: PackageResources.follow_lua))
    }

    package var isReady: Bool { link.isReady }

    // MARK: Looking

    package func look(_ question: SharedLook, completion: @escaping (SharedAnswer) -> Void) {
        let token = "\(UInt64.random(in: .min ... .max))"
        guard link.isClustered, !question.tags.isEmpty else {
            return ask(question, token) { [self] in hear($0, nil, question, token, completion) }
        }
        // Both go out at once: the tags that the route gives are known before the response is.
        let both = LookWithTags { [self] result, current in hear(result, current, question, token, completion) }
        ask(question, token) { both.result = $0 }
        generations(of: question.tags) { both.current = $0 }
    }

    private func ask(
        _ question: SharedLook, _ token: String, completion: @escaping (Result<LookReply?, RedisError>) -> Void
    ) {
        let keys = names.keys(of: question.key)
        let words = 6 + question.tags.count + 2 * question.fields.count
        link.call(lookScript, keys: 2, arguments: words) { writer in
            writer.append(keys.index)
            writer.append(keys.fill)
            writer.append(question.intent.rawValue)
            writer.append(token)
            writer.append(FillTimes.lifetime)
            writer.append(question.known?.version ?? "")
            writer.append(link.isClustered ? "" : names.namespace)
            writer.append(question.tags.count)
            for tag in question.tags { writer.append(tag) }
            for field in question.fields {
                writer.append(field.name)
                writer.append(field.value)
            }
        } completion: { result in
            // A reply is only there during this call; what is read from it stays.
            completion(result.map { LookReply($0, key: question.key) })
        }
    }

    private func hear(
        _ result: Result<LookReply?, RedisError>, _ current: [CacheTag]?, _ question: SharedLook, _ token: String,
        _ completion: @escaping (SharedAnswer) -> Void
    ) {
        switch result {
        case .success(let reply): hear(reply, current, question, token, completion)
        case .failure(let error):
            counters.failures += 1
            // Redis may yet give the fill to one who has stopped waiting for it.
            if error == .timeout, question.intent != .read {
                end(SharedFill(key: question.key, token: token, tags: []), .failed)
            }
            completion(.unavailable)
        }
    }

    /// - Parameter current: the generations of the question's tags, where they lie in other slots.
    private func hear(
        _ reply: LookReply?, _ current: [CacheTag]?, _ question: SharedLook, _ token: String,
        _ completion: @escaping (SharedAnswer) -> Void
    ) {
        guard let reply else { return corrupted(question, completion) }
        let fill =
            reply.isTaken ? SharedFill(key: question.key, token: token, tags: reply.tags(for: question.tags)) : nil
        switch reply.kind {
        case .pass(let remaining): completion(.pass(remaining: remaining))
        case .none:
            guard var fill else { return completion(.filling(reply.flow)) }
            if let current { fill.tags = current }
            completion(.missing(fill))
        case .same(let age, let isSoft):
            judgeTags(question.known?.tags ?? [], current, fill) { isGone, isSofter, fill in
                if isGone { return self.gone(question, fill, completion) }
                completion(.same(age: age, isSoft: isSoft || isSofter, fill: fill, filling: reply.filling))
            }
        case .found(let head):
            collect(head, [head.firstPiece], question.key) { [self] body in
                guard let body, let response = head.response(body) else {
                    if let fill { end(fill, .failed) }
                    return corrupted(question, completion)
                }
                judgeTags(response.tags, current, fill) { isGone, isSofter, fill in
                    if isGone { return self.gone(question, fill, completion) }
                    completion(
                        .found(response, isSoft: head.isSoft || isSofter, fill: fill, filling: reply.filling))
                }
            }
        }
    }

    /// Somebody has tampered with it, or Redis has evicted a part: it is cleared away and counts as missing.
    private func corrupted(_ question: SharedLook, _ completion: @escaping (SharedAnswer) -> Void) {
        counters.corrupted += 1
        purge(key: question.key, isSoft: false)
        completion(.unavailable)
    }

    /// A purged tag has been found in another slot.
    private func gone(_ question: SharedLook, _ fill: SharedFill?, _ completion: (SharedAnswer) -> Void) {
        if let fill { completion(.missing(fill)) } else { completion(.filling(nil)) }
    }

    /// Gets the body's other pieces, a few at a time.
    private func collect(
        _ head: LookReply.Head, _ pieces: [ByteBuffer], _ key: [UInt8], _ completion: @escaping (ByteBuffer?) -> Void
    ) {
        guard pieces.count < head.pieces else {
            let plain = pieces.enumerated().compactMap { BodyCompression.plain($1, length: head.length(ofPiece: $0)) }
            var body = plain.first ?? ByteBuffer()
            for piece in plain.dropFirst() { body.writeImmutableBuffer(piece) }
            return completion(body.readableBytes == head.length ? body : nil)
        }
        let first = pieces.count
        let count = min(4, head.pieces - first)
        var got = [ByteBuffer?](repeating: nil, count: count)
        var missing = count
        for offset in 0..<count {
            let name = names.piece(key, head.variant, head.version, first + offset)
            link.send(slot: names.slot(of: key)) { writer in
                writer.begin(words: 2)
                writer.append("GET")
                writer.append(name)
            } completion: { [self] result in
                if case .success(let reply) = result, reply.kind == .string {
                    got[offset] = ByteBuffer(bytes: reply.bytes)
                }
                missing -= 1
                guard missing == 0 else { return }
                let all = got.compactMap { $0 }
                guard all.count == count else { return completion(nil) }
                collect(head, pieces + all, key, completion)
            }
        }
    }

    // MARK: Tags in other slots

    /// In a cluster the generations are read by commands of their own. Those of tags that the origin gave are known to
    /// be needed only now: a second round trip.
    private func judgeTags(
        _ tags: [CacheTag], _ known: [CacheTag]?, _ fill: SharedFill?,
        _ completion: @escaping (_ isGone: Bool, _ isSofter: Bool, _ fill: SharedFill?) -> Void
    ) {
        guard link.isClustered, !tags.isEmpty else { return completion(false, false, fill) }
        withGenerations(of: tags.map(\.name), known) { current in
            guard let current else { return completion(false, false, fill) }
            let pairs = zip(tags, current)
            var fill = fill
            fill?.tags = current
            completion(
                pairs.contains { $0.generation != $1.generation },
                pairs.contains { $0.softGeneration != $1.softGeneration }, fill)
        }
    }

    private func withGenerations(
        of tags: [String], _ known: [CacheTag]?, _ completion: @escaping ([CacheTag]?) -> Void
    ) {
        let found = tags.compactMap { name in known?.first { $0.name == name } }
        if found.count == tags.count { completion(found) } else { generations(of: tags, completion) }
    }

    private func generations(of tags: [String], _ completion: @escaping ([CacheTag]?) -> Void) {
        var found = tags.map { CacheTag(name: $0) }
        var missing = 2 * tags.count
        var hasFailed = false
        for (index, tag) in tags.enumerated() {
            for (name, place) in [
                (names.tag(tag), \CacheTag.generation), (names.softTag(tag), \CacheTag.softGeneration),
            ] {
                link.send(slot: name.withUnsafeBytes { RedisSlot(of: $0) }) { writer in
                    writer.begin(words: 2)
                    writer.append("GET")
                    writer.append(name)
                } completion: { result in
                    if case .success(let reply) = result {
                        found[index][keyPath: place] = Int(reply.text) ?? 0
                    } else {
                        hasFailed = true
                    }
                    missing -= 1
                    if missing == 0 { completion(hasFailed ? nil : found) }
                }
            }
        }
    }

    // MARK: Storing

    package func commit(_ response: CachedResponse, _ fill: SharedFill, isRenewal: Bool) {
        guard !isRenewal else { return makeVisible(response, fill) }
        writePiece(0, of: response, fill)
    }

    private func writePiece(_ number: Int, of response: CachedResponse, _ fill: SharedFill) {
        let start = number * Self.pieceBytes
        guard start < response.body.count else { return makeVisible(response, fill) }
        // A long body takes a while, piece after piece.
        if number % 16 == 15 { renew(fill) { _ in } }
        let length = min(Self.pieceBytes, response.body.count - start)
        let piece = response.body.part(start..<(start + length)).buffer
        guard compresses, BodyCompression.isWorth(response) else { return write(piece, number, of: response, fill) }
        BodyCompression.compress(piece, on: link.eventLoop) { [self] compressed in
            write(compressed.map { ByteBuffer(bytes: $0) } ?? piece, number, of: response, fill)
        }
    }

    private func write(_ piece: ByteBuffer, _ number: Int, of response: CachedResponse, _ fill: SharedFill) {
        let name = names.piece(fill.key, response.variant, response.version, number)
        link.send(slot: names.slot(of: fill.key)) { writer in
            writer.begin(words: 5)
            writer.append("SET")
            writer.append(name)
            piece.withUnsafeReadableBytes { writer.append($0) }
            writer.append("PX")
            writer.append(response.lifetime.useful / 1000)
        } completion: { [self] result in
            switch result {
            // Nobody waits for it: Redis may take its time, and takes the next ones after it.
            case .success, .failure(.timeout): writePiece(number + 1, of: response, fill)
            case .failure:
                counters.failures += 1
                end(fill, .failed)
            }
        }
    }

    private func makeVisible(_ response: CachedResponse, _ fill: SharedFill) {
        let keys = names.keys(of: fill.key)
        let fields = StoredResponseFields.pairs(
            of: response, now: MonotonicClock.microsecondsWithSleep(), url: fill.key)
        let words = 9 + 3 * response.tags.count + 2 * fields.count
        link.call(storeScript, keys: 3, arguments: words) { writer in
            writer.append(keys.index)
            writer.append(keys.fill)
            writer.append(names.variant(fill.key, response.variant))
            writer.append(fill.token)
            writer.append(response.lifetime.useful / 1000)
            writer.append(link.isClustered ? "" : names.namespace)
            writer.append(response.vary.text)
            writer.append(response.variant)
            writer.append(response.version)
            writer.append(names.channel)
            writer.append(names.filled(fill.key, version: response.version))
            writer.append(response.tags.count)
            for tag in response.tags {
                let isKnown = fill.tags.contains { $0.name == tag.name }
                writer.append(tag.name)
                writer.append(isKnown ? "\(tag.generation)" : "")
                writer.append(isKnown ? "\(tag.softGeneration)" : "")
            }
            for (name, value) in fields {
                writer.append(name)
                writer.append(value)
            }
        } completion: { [self] result in
            switch result {
            case .success(let reply) where reply.integer == 1: counters.stored += 1
            case .success:
                counters.outrun += 1
                whenOutrun?(fill.key)
            case .failure:
                counters.failures += 1
                end(fill, .failed)
            }
        }
    }

    // MARK: Fills

    package func end(_ fill: SharedFill, _ outcome: FillOutcome) {
        switch outcome {
        case .failed: callEnd(fill, "failed", milliseconds: 0)
        case .held: callEnd(fill, "held", milliseconds: FillTimes.hold)
        case .pass(let microseconds): callEnd(fill, "pass", milliseconds: max(1, microseconds / 1000))
        }
    }

    package func renew(_ fill: SharedFill, completion: @escaping (FillState) -> Void) {
        callEnd(fill, "renew", milliseconds: FillTimes.lifetime) {
            if let state = $0.flatMap({ FillState(rawValue: $0) }) { completion(state) }
        }
    }

    private func callEnd(
        _ fill: SharedFill, _ mode: StaticString, milliseconds: Int, completion: @escaping (Int?) -> Void = { _ in }
    ) {
        let keys = names.keys(of: fill.key)
        link.call(endScript, keys: 2, arguments: 5) { writer in
            writer.append(keys.index)
            writer.append(keys.fill)
            writer.append(fill.token)
            writer.append(mode)
            writer.append(milliseconds)
            writer.append(names.channel)
            writer.append(names.filled(fill.key, version: "-"))
        } completion: {
            completion((try? $0.get())?.integer)
        }
    }

    package func purge(key: [UInt8], isSoft: Bool) {
        let keys = names.keys(of: key)
        link.call(purgeScript, keys: 2, arguments: 3) { writer in
            writer.append(keys.index)
            writer.append(keys.fill)
            writer.append(isSoft ? "soft" : "hard")
            writer.append(names.channel)
            writer.append(names.event(isSoft ? "soften" : "purge", key))
        } completion: { _ in
        }
    }

    package func whenFilled(_ key: [UInt8], _ body: @escaping () -> Void) {
        serial += 1
        let serial = self.serial
        waiting[key, default: []].append(Waiter(serial: serial, wake: body))
        link.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(FillTimes.poll))) { [weak self] in
            self?.wake(key) { $0.serial == serial }
        }
    }

    /// The key's fill has ended, here or elsewhere. On this store's loop.
    package func filled(_ key: [UInt8]) { wake(key) { _ in true } }

    private func wake(_ key: [UInt8], _ isMeant: (Waiter) -> Bool) {
        guard let waiters = waiting.removeValue(forKey: key) else { return }
        let others = waiters.filter { !isMeant($0) }
        if !others.isEmpty { waiting[key] = others }
        for waiter in waiters where isMeant(waiter) { waiter.wake() }
    }
}

/// Waits for both parts of a look in a cluster.
private final class LookWithTags {
    var result: Result<LookReply?, RedisError>? { didSet { concludeIfWhole() } }
    /// Nil inside: they could not be read.
    var current: [CacheTag]?? { didSet { concludeIfWhole() } }
    private let completion: (Result<LookReply?, RedisError>, [CacheTag]?) -> Void

    init(_ completion: @escaping (Result<LookReply?, RedisError>, [CacheTag]?) -> Void) {
        self.completion = completion
    }

    private func concludeIfWhole() {
        if let result, let current { completion(result, current) }
    }
}

/// What became of a worker's dealings with the shared store.
package struct SharedCacheCounters: Hashable, Sendable {
    package var stored = 0
    /// Responses not stored because a purge or another fetch was faster.
    package var outrun = 0
    /// Commands that failed.
    package var failures = 0
    /// Entries that were not whole, and were cleared away.
    package var corrupted = 0

    package init() {}
}
