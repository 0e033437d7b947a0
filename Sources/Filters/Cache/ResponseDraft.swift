import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// The response that a fetch collects for the store.
struct ResponseDraft {
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

    /// As it is kept, now that its body is whole.
    var response: CachedResponse {
        CachedResponse(
            status: status, lines: lines, body: StoredBody(body), facts: facts, vary: facts.vary, lifetime: lifetime,
            variant: variant, tags: tags, version: String(UInt64.random(in: .min ... .max), radix: 36),
            initialAge: initialAge, receivedAt: receivedAt)
    }
}
