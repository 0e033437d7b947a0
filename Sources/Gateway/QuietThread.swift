import Foundation

/// Runs what may take a second of a core without taking it from the event loops: they come first wherever both want one.
/// For configurations of thousands of routes, which are read and compiled while requests are served.
enum QuietThread {
    /// As of `nice`: while all cores are wanted it gets a third of what an event loop does.
    private static let niceness: CInt = 5

    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                // Of this thread alone, on Linux.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
                continuation.resume(with: Result { try body() })
            }
            thread.name = "sluice-quiet"
            // YAML nests, and its readers recurse.
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}
