import GatewayCore
import NIOCore
import Synchronization

/// A follower as a source on another loop knows it: hands over what comes, in its order.
final class DistantFollower: Sendable {
    private let follower: NIOLoopBound<CacheFollower>
    private let loop: any EventLoop
    private let live: LiveFill
    private let takesMore = Atomic<Bool>(true)

    /// On the follower's loop.
    init(_ follower: CacheFollower, of live: LiveFill, on loop: any EventLoop) {
        self.follower = NIOLoopBound(follower, eventLoop: loop)
        self.live = live
        self.loop = loop
    }

    // MARK: From the source

    var isWritable: Bool { takesMore.load(ordering: .relaxed) }

    /// - Parameter draft: with the part of the body that is there.
    func begin(_ draft: ResponseDraft, _ forward: CacheStatusField.Forward) {
        tell { if !$0.begin(draft, forward) { self.live.leave(self) } }
    }

    func write(_ bytes: ByteBuffer) { tell { $0.write(bytes) } }

    func end(trailers: [UInt8]) { tell { $0.end(trailers: trailers) } }

    func abort(_ failure: Failure) { tell { $0.abort(failure) } }

    /// It was too late.
    func missed() { tell { $0.lookAgain() } }

    private func tell(_ news: @escaping @Sendable (CacheFollower) -> Void) {
        loop.execute { [self] in news(follower.value) }
    }
}

/// From the follower, on its loop.
extension DistantFollower: Followed {
    func remove(_ follower: CacheFollower) { live.leave(self) }

    func flowChanged() {
        takesMore.store(follower.value.isWritable, ordering: .relaxed)
        live.flowChanged()
    }
}
