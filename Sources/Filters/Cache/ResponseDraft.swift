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

    /// All field lines that the origin sent, but `Age`.
    static func lines(of head: ResponseHead, _ facts: CacheResponseFacts) -> [UInt8] {
        var lines: [UInt8] = []
        head.appendStorableLines(to: &lines)
        lines = StoredFields.without(["age"], lines)
        // RFC 9110 §6.6.1: what is kept has to say of when it is.
        if facts.date == nil { lines.append(contentsOf: "Date: \(HTTPTime.text(WallClock.seconds()))\r\n".utf8) }
        return lines
    }

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

extension ResponseDraft {
    /// Of a response whose body is still to come.
    /// - Parameters:
    ///   - lines: all that its origin sent; those that it does not let others have are left out.
    ///   - sentAt: when `request` was sent, and `receivedAt` when the head came; microseconds of the monotonic clock.
    init(
        of head: ResponseHead, _ lines: [UInt8], _ facts: CacheResponseFacts, _ lifetime: CacheLifetime,
        tags: [CacheTag], to request: RequestHead, sentAt: Int, receivedAt: Int
    ) {
        let withheld = facts.directives.withheldFields
        self.init(
            status: head.status, lines: withheld.isEmpty ? lines : StoredFields.without(withheld, lines), facts: facts,
            lifetime: lifetime, variant: VariantKey.of(facts.vary, request.fields), tags: tags, length: head.body,
            initialAge: facts.initialAge(delay: receivedAt - sentAt), receivedAt: receivedAt, body: ByteBuffer())
    }
}
