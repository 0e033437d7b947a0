import Synchronization
import TestSupport

/// The process that runs now, of several that run one after the other.
final class ProcessBox: Sendable {
    private let process = Mutex<ChildProcess?>(nil)

    var current: ChildProcess? {
        get { process.withLock { $0 } }
        set { process.withLock { $0 = newValue } }
    }
}
