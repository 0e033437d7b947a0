import GatewayCore
import NIOCore
import Policies

/// A response that is coming in, as those see it who may follow it from another worker's loop.
final class LiveFill: Sendable {
    let vary: VaryNames
    let variant: [UInt8]
    private let loop: any EventLoop
    private let source: NIOLoopBound<WeakSource>

    /// Weak: a source that is gone has nothing more to give, and is not to end on another loop than its own.
    private final class WeakSource {
        weak var source: (any LiveSource)?
        init(_ source: any LiveSource) { self.source = source }
    }

    /// On the source's loop.
    init(_ source: any LiveSource, _ draft: ResponseDraft, on loop: any EventLoop) {
        vary = draft.facts.vary
        variant = draft.variant
        self.loop = loop
        self.source = NIOLoopBound(WeakSource(source), eventLoop: loop)
    }

    func join(_ follower: DistantFollower) {
        loop.execute { [self] in
            if let source = source.value.source { source.add(follower) } else { follower.missed() }
        }
    }

    func leave(_ follower: DistantFollower) {
        loop.execute { [self] in source.value.source?.remove(follower) }
    }

    func flowChanged() {
        loop.execute { [self] in source.value.source?.flowChanged() }
    }

    func checkFill() {
        loop.execute { [self] in source.value.source?.checkFill() }
    }

    func overtaken() {
        loop.execute { [self] in source.value.source?.overtaken() }
    }
}

/// Who collects a response and shares it as it comes. Only called on its own loop.
protocol LiveSource: AnyObject {
    /// Gives the follower what is there and all that comes, or tells it that it is too late.
    func add(_ follower: DistantFollower)
    func remove(_ follower: DistantFollower)
    func flowChanged()
    /// The key has been purged somewhere, maybe while this was coming in.
    func checkFill()
    /// The key has been purged while this was coming in: it is for nobody else.
    func overtaken()
}
