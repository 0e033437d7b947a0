import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// Gives what is being collected to those who wait for it: on this worker, and on the others of the node.
extension Fetch: LiveSource {
    /// The first follower gets all that the origin said; others what is stored, if it may serve them.
    func shareOut(_ draft: ResponseDraft, _ live: [UInt8]) {
        let isShared = draft.isFresh(at: draft.receivedAt)
        let waiting = followers
        followers = []
        for (index, follower) in waiting.enumerated() {
            if index == 0 {
                if follower.begin(draft, forward, lines: live, isFirst: true) { followers.append(follower) }
            } else if isShared, follower.selects(draft.variant, by: draft.facts.vary) {
                if follower.begin(draft, forward) { followers.append(follower) }
            } else {
                follower.goAlone(isShared ? .varyMiss : .miss)
            }
        }
    }

    /// The node's other workers may follow from now on, should the rest of the body take its time.
    func offer() {
        guard case .collecting = state, let draft, mayShare(draft) else { return }
        cache.fills.offer(LiveFill(self, draft, on: cache.loop), under: key)
    }

    /// What a purge has overtaken is for nobody else.
    func mayShare(_ draft: ResponseDraft) -> Bool {
        draft.isFresh(at: MonotonicClock.microsecondsWithSleep()) && mayKeep(draft.tags)
    }

    func add(_ follower: DistantFollower) {
        guard case .collecting = state, let draft, mayShare(draft) else { return follower.missed() }
        distant.append(follower)
        follower.begin(draft, forward)
    }

    func remove(_ follower: DistantFollower) {
        distant.removeAll { $0 === follower }
        followerLeft()
    }

    var hasFollowers: Bool { !followers.isEmpty || !distant.isEmpty }

    func writeToFollowers(_ bytes: ByteBuffer) {
        for follower in followers { follower.write(bytes) }
        for follower in distant { follower.write(bytes) }
    }

    func abortFollowers(_ failure: Failure) {
        let (near, far) = (followers, distant)
        (followers, distant) = ([], [])
        finish()
        for follower in near { follower.abort(failure) }
        for follower in far { follower.abort(failure) }
    }

    func endFollowers(trailers: [UInt8]) {
        let (near, far) = (followers, distant)
        (followers, distant) = ([], [])
        finish()
        for follower in near { follower.end(trailers: trailers) }
        for follower in far { follower.end(trailers: trailers) }
    }
}
