import Dispatch
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

/// Takes a thread whenever there is something to run and none is free.
private final class BlockingExecutor: TaskExecutor {
    static let shared = BlockingExecutor()
    private let queue = DispatchQueue(label: "blocking tests", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
