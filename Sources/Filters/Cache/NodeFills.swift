import NIOCore
import Synchronization

/// Which keys some worker of this node is asking about or fetching, so that the others wait for it instead of asking too.
package final class NodeFills: Sendable {
    private struct Waiter: Sendable {
        let loop: any EventLoop
        let wake: NIOLoopBound<() -> Void>
    }

    private let waiters = Mutex<[[UInt8]: [Waiter]]>([:])

    package init() {}

    /// Takes the key, which is then to be given back by `end`.
    /// - Parameter wake: called once, on `loop`, when whoever has taken the key gives it back; not if the result is true.
    /// - Returns: whether the caller has it now.
    func take(_ key: [UInt8], on loop: any EventLoop, otherwise wake: @escaping () -> Void) -> Bool {
        let waiter = Waiter(loop: loop, wake: NIOLoopBound(wake, eventLoop: loop))
        return waiters.withLock { waiters in
            guard waiters[key] != nil else {
                waiters[key] = []
                return true
            }
            waiters[key]?.append(waiter)
            return false
        }
    }

    /// The same for those who have nothing to wait for.
    func takeIfFree(_ key: [UInt8]) -> Bool {
        waiters.withLock { waiters in
            guard waiters[key] == nil else { return false }
            waiters[key] = []
            return true
        }
    }

    func end(_ key: [UInt8]) {
        let woken = waiters.withLock { $0.removeValue(forKey: key) } ?? []
        for waiter in woken { waiter.loop.execute { waiter.wake.value() } }
    }
}
