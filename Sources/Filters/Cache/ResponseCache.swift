import GatewayCore
import HTTPWire
import NIOCore
import Policies

/// The response cache of one worker: the node's memory, the way to the shared store, and the fetches under way here.
package final class ResponseCache {
    package let near: NearCache
    /// Of the node, as `near` is.
    let fills: NodeFills
    /// Nil: nothing is shared, and what is near is all there is.
    let shared: (any SharedResponses)?
    package let loop: any EventLoop
    /// How long an entry in memory serves without being confirmed. Microseconds.
    let lag: Int
    /// Called with the record of each fetch that ended without a client who would account for it.
    package let account: (ExchangeRecord) -> Void
    /// What fetches collect counts here until it is whole.
    let memory: BufferMemory
    /// By primary key. At most one fetch a key.
    var fetches: [[UInt8]: Fetch] = [:]
    /// Those whose responses are only passed on.
    var passing: [ObjectIdentifier: Fetch] = [:]
    let key = ByteBuilder(capacity: 512)

    package init(
        near: NearCache, fills: NodeFills, shared: (any SharedResponses)?, loop: any EventLoop, lag: Int,
        memory: BufferMemory = BufferMemory(), account: @escaping (ExchangeRecord) -> Void
    ) {
        self.near = near
        self.fills = fills
        self.shared = shared
        self.loop = loop
        self.lag = lag
        self.memory = memory
        self.account = account
    }

    /// A purge must reach what is about to be stored as well as what is stored.
    func purge(_ key: [UInt8], isSoft: Bool = false) {
        if isSoft { near.soften(key) } else { near.remove(key) }
        fills.void(key)
        shared?.purge(key: key, isSoft: isSoft)
    }
}
