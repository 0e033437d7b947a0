import Dispatch
import NIOCore
import Synchronization

/// Threads that check passwords, since a check takes longer than an event loop may: few, and with few waiting, so that guessing
/// can't take the machine. One for the node.
package final class PasswordWorkers: Sendable {
    private let queues: [DispatchQueue]
    private let waiting = Atomic<Int>(0)
    private let next = Atomic<Int>(0)
    private let mostWaiting: Int

    /// - Parameters:
    ///   - count: of threads at most; they exist only while there is work.
    ///   - mostWaiting: checks that are under way or wait for it.
    package init(count: Int, mostWaiting: Int = 64) {
        queues = (0..<max(count, 1)).map { DispatchQueue(label: "sluice.passwords.\($0)", qos: .utility) }
        self.mostWaiting = mostWaiting
    }

    /// Has `check` done elsewhere, and calls `completion` with its result on the loop.
    /// - Returns: false: too many wait already, and `completion` is never called.
    func check(
        on loop: any EventLoop, _ check: @escaping @Sendable () -> Bool, completion: @escaping (Bool) -> Void
    ) -> Bool {
        guard waiting.add(1, ordering: .relaxed).newValue <= mostWaiting else {
            waiting.subtract(1, ordering: .relaxed)
            return false
        }
        let completion = NIOLoopBound(completion, eventLoop: loop)
        let turn = next.wrappingAdd(1, ordering: .relaxed).oldValue
        queues[Int(UInt(bitPattern: turn) % UInt(queues.count))].async { [self] in
            let result = check()
            waiting.subtract(1, ordering: .relaxed)
            loop.execute { completion.value(result) }
        }
        return true
    }
}
