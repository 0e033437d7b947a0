import Policies
import Synchronization

/// What the buffers of a node hold, against `limits.memory`: bytes that wait for a peer who is slower than the other, or
/// for the rest of a body. Shared by all workers, each of which reports what has changed.
package final class NodeMemory: Sendable {
    private let held = Atomic<Int>(0)
    private let limit: Atomic<Int>
    private let step = Atomic<UInt8>(MemoryPressure.none.rawValue)

    package init(limit: Int = .max) { self.limit = Atomic(limit) }

    /// In bytes.
    package var heldBytes: Int { max(held.load(ordering: .relaxed), 0) }
    package var limitBytes: Int { limit.load(ordering: .relaxed) }

    /// As of the last report; costs a request one relaxed load.
    package var pressure: MemoryPressure { MemoryPressure(rawValue: step.load(ordering: .relaxed)) ?? .none }

    package func setLimit(_ bytes: Int) {
        limit.store(bytes, ordering: .relaxed)
        add(0)
    }

    /// Two workers that report at once may leave the step of the older sum; the next report, due within 10 ms, mends it.
    func add(_ bytes: Int) {
        let sum = held.add(bytes, ordering: .relaxed).newValue
        let next = pressure.next(held: sum, limit: limit.load(ordering: .relaxed))
        step.store(next.rawValue, ordering: .relaxed)
    }
}

/// A worker's part of it: a plain sum that only this worker touches, reported in larger pieces.
package final class BufferMemory {
    /// What is not worth a report by itself.
    private static let grain = 64 * 1024

    package let node: NodeMemory
    private var unreported = 0

    package init(_ node: NodeMemory = NodeMemory()) { self.node = node }

    package var pressure: MemoryPressure { node.pressure }

    /// So many bytes more are held, or fewer if negative.
    package func add(_ bytes: Int) {
        unreported &+= bytes
        if unreported.magnitude >= Self.grain { report() }
    }

    /// Called with each tick of the worker, so that nothing stays unknown for long.
    package func report() {
        node.add(unreported)
        unreported = 0
    }
}
