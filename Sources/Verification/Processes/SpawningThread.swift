import Foundation
import Synchronization

/// The thread that starts children. Linux tells a child that its parent has died when the *thread* that started it ends,
/// and those of the pool end when they have been idle for some seconds; this one never does.
final class SpawningThread: Sendable {
    static let shared = SpawningThread()

    private let work = Mutex<[@Sendable () -> Void]>([])
    private let arrived = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                arrived.wait()
                work.withLock { $0.isEmpty ? nil : $0.removeFirst() }?()
            }
        }
    }

    /// Runs it there, and waits.
    func run(_ body: @escaping @Sendable () throws -> Void) throws {
        let done = DispatchSemaphore(value: 0)
        let failure = Failure()
        work.withLock { work in
            work.append {
                do { try body() } catch { failure.error.withLock { $0 = error } }
                done.signal()
            }
        }
        arrived.signal()
        done.wait()
        if let error = failure.error.withLock({ $0 }) { throw error }
    }

    private final class Failure: Sendable {
        let error = Mutex<(any Error)?>(nil)
    }
}
