import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// The response that a fetch collects for the store.
struct ResponseDraft: Sendable {
    var status: Int
    var lines: [UInt8]
    var facts: CacheResponseFacts
    var lifetime: CacheLifetime
    var variant: [UInt8]
    var tags: [CacheTag]
    var length: BodyLength
    var initialAge: Int
    var receivedAt: Int
    var body: ByteBuffer

    /// In microseconds.
    func age(at now: Int) -> Int { initialAge + max(0, now - receivedAt) }

    /// Whether as much of the body is there as was said.
    var isWhole: Bool {
        if case .exactly(let count) = length { body.readableBytes == count } else { length == .none }
    }

    /// Whether it may serve others than the client whose request brought it.
    func isFresh(at now: Int) -> Bool { lifetime.fresh > age(at: now) }

    /// Whether the client has it already, by the conditions of its request.
    func isKnown(to request: CacheRequestFacts) -> Bool {
        guard !request.conditions.isEmpty, (200..<300).contains(status) else { return false }
        return request.conditions.evaluate(etag: facts.etag, lastModified: facts.lastModified ?? facts.date)
            == .notModified
    }

    /// As it is kept, now that its body is whole.
    var response: CachedResponse {
        CachedResponse(
            status: status, lines: lines, body: StoredBody(body), facts: facts, vary: facts.vary, lifetime: lifetime,
            variant: variant, tags: tags, version: String(UInt64.random(in: .min ... .max), radix: 36),
            initialAge: initialAge, receivedAt: receivedAt)
    }
}
