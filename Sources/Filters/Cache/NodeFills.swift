import HTTPWire
import NIOCore
import Synchronization

/// Which keys some worker of this node is asking about or fetching, so that the others wait for it instead of asking too,
/// and what is coming in for them, so that they need not wait for its end.
package final class NodeFills: Sendable {
    /// Hears once: of a response that is coming in, or of nothing but that the key is free again.
    typealias Wake = (LiveFill?) -> Void

    private struct Waiter: Sendable {
        let loop: any EventLoop
        let wake: NIOLoopBound<Wake>

        func hear(_ live: LiveFill?) { loop.execute { wake.value(live) } }
    }

    private struct Fill: Sendable {
        var waiters: [Waiter] = []
        var live: LiveFill?
        var isVoid = false
    }

    private let fills = Mutex<[[UInt8]: Fill]>([:])

    package init() {}

    /// Takes the key, which is then to be given back by `end`.
    /// - Parameter wake: called once, on `loop`, when whoever has taken the key has something to share or gives it back; not
    ///   if the result is true.
    /// - Returns: whether the caller has it now.
    func take(_ key: [UInt8], on loop: any EventLoop, otherwise wake: @escaping Wake) -> Bool {
        let waiter = Waiter(loop: loop, wake: NIOLoopBound(wake, eventLoop: loop))
        let (isTaken, live): (Bool, LiveFill?) = fills.withLock { fills in
            guard let fill = fills[key] else {
                fills[key] = Fill()
                return (true, nil)
            }
            if fill.live == nil { fills[key]?.waiters.append(waiter) }
            return (false, fill.live)
        }
        if let live { waiter.hear(live) }
        return isTaken
    }

    /// The same for those who have nothing to wait for.
    func takeIfFree(_ key: [UInt8]) -> Bool {
        fills.withLock { fills in
            guard fills[key] == nil else { return false }
            fills[key] = Fill()
            return true
        }
    }

    /// What whoever has the key is collecting may be followed from now on.
    func offer(_ live: LiveFill, under key: [UInt8]) {
        let woken: [Waiter] = fills.withLock { fills in
            guard var fill = fills[key], !fill.isVoid else { return [] }
            defer { fills[key] = fill }
            fill.live = live
            defer { fill.waiters = [] }
            return fill.waiters
        }
        for waiter in woken { waiter.hear(live) }
    }

    /// The key has been purged: what is coming in was made before, so nobody else is given it, nor may it be kept.
    func void(_ key: [UInt8]) {
        let live = fills.withLock { fills in
            fills[key]?.isVoid = true
            defer { fills[key]?.live = nil }
            return fills[key]?.live
        }
        live?.overtaken()
    }

    /// The same for all keys that are meant.
    package func void(where isMeant: (Bytes) -> Bool) {
        let keys = fills.withLock { Array($0.keys) }
        for key in keys where key.withUnsafeBufferPointer({ isMeant($0) }) { void(key) }
    }

    /// The key has been purged somewhere, before or after what is coming in was asked for.
    package func checkFill(_ key: [UInt8]) { fills.withLock { $0[key]?.live }?.checkFill() }

    func isVoid(_ key: [UInt8]) -> Bool { fills.withLock { $0[key]?.isVoid ?? false } }

    func end(_ key: [UInt8]) {
        let fill = fills.withLock { $0.removeValue(forKey: key) }
        for waiter in fill?.waiters ?? [] { waiter.hear(nil) }
    }
}
