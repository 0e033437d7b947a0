import Foundation
import Testing

/// For tests that block: runs them on threads of their own.
///
/// The pool that tasks usually share has a thread per core. Two tests that wait for a socket would hold all of a small
/// machine's, and whatever a third one starts with `Task { … }` would begin only when their time is over.
package struct OwnThreads: SuiteTrait, TestTrait, TestScoping {
    package var isRecursive: Bool { true }

    package func scopeProvider(for test: Test, testCase: Test.Case?) -> OwnThreads? { testCase == nil ? nil : self }

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(BlockingExecutor.shared) { try await function() }
    }
}

extension Trait where Self == OwnThreads {
    /// The test or all tests of the suite may block.
    package static var ownThreads: OwnThreads { OwnThreads() }
}

/// Starts a thread whenever there is something to run and none is free. A queue of Dispatch would not do: it adds only
/// one thread a second to those that block.
private final class BlockingExecutor: TaskExecutor, @unchecked Sendable {
    static let shared = BlockingExecutor()
    /// Guards what follows.
    private let condition = NSCondition()
    private var jobs: [UnownedJob] = []
    private var freeThreads = 0

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        condition.withLock {
            jobs.append(job)
            if jobs.count > freeThreads {
                Thread.detachNewThread { self.runJobs() }
            } else {
                condition.signal()
            }
        }
    }

    private func runJobs() {
        while true {
            let job = condition.withLock {
                freeThreads += 1
                while jobs.isEmpty { condition.wait() }
                freeThreads -= 1
                return jobs.removeFirst()
            }
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
