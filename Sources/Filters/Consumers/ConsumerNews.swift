import NIOCore
import Policies
import Synchronization

/// What this node has heard of changes of consumers, keys and plans in Redis, for all of its workers.
package final class ConsumerNews: Sendable {
    private struct Guarded {
        var versions = ConsumerVersions()
        var trust = ConsumerTrust()
        var workers: [(memory: NIOLoopBound<SharedConsumers>, loop: any EventLoop)] = []
        var havePlansChanged = true

        /// Changes were.
        mutating func missed(now: Int) {
            trust.beginEpoch(now: now)
            havePlansChanged = true
        }
    }

    private let guarded = Mutex(Guarded())

    package init() {}

    /// The memory of a worker, which is told of all that comes. On its loop.
    func add(_ memory: SharedConsumers, on loop: any EventLoop) {
        let bound = NIOLoopBound(memory, eventLoop: loop)
        guarded.withLock { $0.workers.append((bound, loop)) }
    }

    /// A change was published. On any thread.
    package func hear(_ event: ConsumerEvent) {
        let now = SharedConsumers.clock()
        let (workers, trust) = guarded.withLock { guarded in
            if case .plan = event.subject { guarded.havePlansChanged = true }
            if guarded.versions.heard(event.version) == .missed { guarded.missed(now: now) }
            return (guarded.workers, guarded.trust)
        }
        for (memory, loop) in workers { loop.execute { memory.value.hear(event.subject, trust) } }
    }

    /// The version was read from Redis.
    /// - Parameter askedAt: on the clock of `SharedConsumers`, before the question left.
    package func read(version: Int, askedAt: Int) {
        let (workers, trust) = guarded.withLock { guarded in
            switch guarded.versions.read(version) {
            case .confirmed: guarded.trust.confirmedAt = askedAt
            case .unsure: break
            case .missed: guarded.missed(now: askedAt)
            }
            return (guarded.workers, guarded.trust)
        }
        for (memory, loop) in workers { loop.execute { memory.value.adopt(trust, isInUse: version != 0) } }
    }

    /// Whether plans may have changed since this was last asked.
    func takePlansChanged() -> Bool {
        guarded.withLock { guarded in
            defer { guarded.havePlansChanged = false }
            return guarded.havePlansChanged
        }
    }

    /// What has changed could not be read.
    func plansNotRead() { guarded.withLock { $0.havePlansChanged = true } }
}
