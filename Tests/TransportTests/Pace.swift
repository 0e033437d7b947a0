import Foundation
import Synchronization
import TestSupport

/// A blocking job on a thread of its own, such as sending more than the other side will take at once.
final class Sender: Sendable {
    private let result = Mutex<Result<Void, any Error>?>(nil)

    init(_ job: @escaping () throws -> Void) {
        nonisolated(unsafe) let job = job
        Thread.detachNewThread { [self] in
            let outcome = Result { try job() }
            result.withLock { $0 = outcome }
        }
    }

    var isFinished: Bool { result.withLock { $0 != nil } }

    /// Waits for the job and throws what it threw.
    func finished() async throws {
        try await eventually("the job on its own thread ends") { isFinished }
        try result.withLock { $0 }?.get()
    }
}

extension TestGateway {
    /// Returns when the loop has worked off what was sent to it before.
    func turn() async throws {
        // One turn may have begun before the bytes came; the second one sees them, the third has acted.
        for _ in 0..<3 { try await onLoop { _ in } }
    }
}

/// A number that threads count up.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }
    func add(_ amount: Int) { count.add(amount, ordering: .relaxed) }
}

/// Bytes that differ from place to place, so that a lost, doubled or moved piece shows.
func pattern(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var state: UInt32 = 1
    for index in bytes.indices {
        state = state &* 1_664_525 &+ 1_013_904_223
        bytes[index] = UInt8(truncatingIfNeeded: state >> 24)
    }
    return bytes
}
