import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Follows what another node's fetch brings, as it stands in Redis, and hands it on to followers of this node.
///
/// Nothing of it is kept: what is whole the other node stores, with its version, and the next to look finds it there.
final class Relay: LiveSource {
    private let service: CacheService
    private let shared: any SharedResponses
    private let flow: SharedFlow
    private let tags: [String]
    private let purgeCount: Int
    /// Who began this, until it sees the head.
    private var first: CacheFollower?
    private var followers: [DistantFollower] = []
    private var draft: ResponseDraft? {
        didSet { cache.memory.add((draft?.body.storageCapacity ?? 0) - (oldValue?.body.storageCapacity ?? 0)) }
    }
    /// Elements of the flow that are read.
    private var position = 0
    private var isEnded = false
    private var hasKey = true

    private var cache: ResponseCache { service.cache }

    /// Takes over the follower's right to look after the key.
    init(_ flow: SharedFlow, for first: CacheFollower, _ shared: any SharedResponses, tags: [String]) {
        self.flow = flow
        self.first = first
        self.shared = shared
        self.tags = tags
        service = first.service
        purgeCount = first.service.cache.near.purgeCount
    }

    /// Kept alive by what it waits for.
    func read() {
        guard !isEnded else { return }
        shared.follow(flow, from: position) { [self] news in
            // Those who wanted it were told of it a round trip ago.
            guard !isEnded, draft == nil || !followers.isEmpty else { return conclude { _ in } }
            switch news {
            case .parts(let parts) where parts.isEmpty: shared.whenFilled(flow.key) { [self] in read() }
            case .parts(let parts):
                for part in parts where !isEnded { take(part) }
                position += parts.count
                read()
            case .gone: fail()
            }
        }
    }

    // MARK: What comes

    private func take(_ part: FlowPart) {
        switch (part, draft) {
        case (.head(let head), nil): begin(head.draft(tags: tags, at: MonotonicClock.microsecondsWithSleep()))
        case (.body(let bytes), let draft?): continueBody(draft, bytes)
        case (.end, let draft?) where draft.isWhole: conclude { $0.end(trailers: []) }
        default: fail()
        }
    }

    private func begin(_ draft: ResponseDraft) {
        self.draft = draft
        let live = LiveFill(self, draft, on: cache.loop)
        if mayShare(draft) { cache.fills.offer(live, under: flow.key) }
        first?.follow(live)
        first = nil
    }

    private func continueBody(_ draft: ResponseDraft, _ bytes: ByteBuffer) {
        var draft = draft
        // It must be the only one to hold the bytes that it adds to.
        self.draft = nil
        draft.body.writeImmutableBuffer(bytes)
        self.draft = draft
        if case .exactly(let length) = draft.length, draft.body.readableBytes <= length {
            for follower in followers { follower.write(bytes) }
        } else {
            fail()
        }
    }

    /// Whoever has seen nothing of it yet looks anew; for the others it is cut off.
    private func fail() {
        let first = self.first
        conclude { $0.abort(.connectionLost) }
        first?.lookAgain()
    }

    private func conclude(_ tell: (DistantFollower) -> Void) {
        guard !isEnded else { return }
        isEnded = true
        draft = nil
        first = nil
        let following = followers
        followers = []
        giveKeyBack()
        for follower in following { tell(follower) }
    }

    private func mayShare(_ draft: ResponseDraft) -> Bool {
        draft.isFresh(at: MonotonicClock.microsecondsWithSleep())
            && cache.near.mayKeep(tags: draft.tags, since: purgeCount)
    }

    // MARK: LiveSource

    func add(_ follower: DistantFollower) {
        guard !isEnded, let draft, mayShare(draft) else { return follower.missed() }
        followers.append(follower)
        follower.begin(draft, .miss)
    }

    func remove(_ follower: DistantFollower) {
        followers.removeAll { $0 === follower }
        if followers.isEmpty { conclude { _ in } }
    }

    /// What comes is held here anyway.
    func flowChanged() {}

    /// Whoever comes from now on looks anew, which is right whether this came before the purge or after it.
    func checkFill() { giveKeyBack() }
    func overtaken() { giveKeyBack() }

    private func giveKeyBack() {
        if hasKey { cache.fills.end(flow.key) }
        hasKey = false
    }
}
