import GatewayCore
import HTTPWire
import Policies

/// Where the cluster's responses are. One object per worker; only called on that worker's event loop.
package protocol SharedResponses: AnyObject {
    /// Whether a question asked now would go out.
    var isReady: Bool { get }

    /// Looks for a response, and may take the right to fetch it, in one round trip.
    ///
    /// `completion` is called exactly once, within the store's time limit.
    func look(_ question: SharedLook, completion: @escaping (SharedAnswer) -> Void)

    /// Stores a response and ends its fill, unless a purge or another fetch has taken the fill away meanwhile.
    /// Nobody waits for it.
    /// - Parameter isRenewal: its body is stored already, under its version.
    func commit(_ response: CachedResponse, _ fill: SharedFill, isRenewal: Bool)

    /// Ends a fill without a response: it could not be had, or may not be stored.
    /// - Parameter outcome: what others are to do.
    func end(_ fill: SharedFill, _ outcome: FillOutcome)

    /// Keeps a fill from lapsing; called about every third of `FillTimes.lifetime`.
    /// - Parameter completion: not called if the store can't say.
    func renew(_ fill: SharedFill, completion: @escaping (FillState) -> Void)

    /// Adds to what followers on other nodes are given of the fill's response while it comes in; nothing, to say that more
    /// will come. Nobody waits for it.
    func share(_ parts: [FlowPart], of fill: SharedFill)

    /// Asks for what another node's fill has brought, from the given part on.
    ///
    /// `completion` is called exactly once, within the store's time limit.
    func follow(_ flow: SharedFlow, from position: Int, completion: @escaping (FlowNews) -> Void)

    /// Removes all responses under the key, or makes them stale.
    func purge(key: [UInt8], isSoft: Bool)

    /// Calls `body` on this worker when the key's response may have come, at the latest after `FillTimes.poll`.
    func whenFilled(_ key: [UInt8], _ body: @escaping () -> Void)
}

/// Times of fills, in milliseconds.
enum FillTimes {
    /// A fill whose node died lapses after so long.
    static let lifetime = 1000
    static let renewal = 300
    /// Who waits for another node's fill looks again after so long, should it not be told.
    static let poll = 200
    /// A failing origin is not asked again for so long by those who can be served what is stale.
    static let hold = 2000
    /// The end of what a fill has brought can be read for so long.
    static let flowEnd = 5000
}

/// What is asked about a key.
package struct SharedLook {
    package enum Intent: Int, Sendable {
        /// Only what is there.
        case read = 0
        /// Takes the fill if there is nothing fresh.
        case fill = 1
        /// Takes the fill whatever there is, to validate it.
        case validate = 2
    }

    package var key: [UInt8]
    /// Request fields by lower-case name with their normalised values, by which `Vary` may select.
    package var fields: [(name: String, value: [UInt8])]
    package var intent: Intent
    /// What the near cache holds, so that it need not be sent again.
    package var known: CachedResponse?
    /// Tags that the response will carry by configuration: their generations are read before it is fetched.
    package var tags: [String]
}

package enum SharedAnswer {
    /// There is a response. `fill` if the caller is to refresh it.
    case found(CachedResponse, isSoft: Bool, fill: SharedFill?, filling: SharedFilling)
    /// What the caller knows still is the response.
    case same(age: Int, isSoft: Bool, fill: SharedFill?, filling: SharedFilling)
    /// There is none, and the caller is to fetch it.
    case missing(SharedFill)
    /// There is none, and somebody else fetches it, with its flow if that can be followed; or there is none, and it was only
    /// asked for.
    case filling(SharedFlow?)
    /// Responses under this key can't be stored; for so many more microseconds.
    case pass(remaining: Int)
    case unavailable
}

/// Whether somebody else fetches a key's response.
package enum SharedFilling: Hashable, Sendable {
    case none
    /// With its flow, if that can be followed.
    case busy(SharedFlow?)
    /// Nobody does: the origin has just failed, and is left in peace.
    case held
}

/// The response of another node's fill, which it shares while it comes in.
package struct SharedFlow: Hashable, Sendable {
    package var key: [UInt8]
    /// Of the fill.
    package var token: String
}

package enum FlowNews: Sendable {
    /// None: nothing new has come yet.
    case parts([FlowPart])
    /// Who fetched is dead, or Redis can't be asked.
    case gone
}

/// What has become of a fill.
package enum FillState: Int, Sendable {
    /// A purge, or somebody who thought that this node was dead, has taken it.
    case lost = 0
    case held = 1
    /// And followers on other nodes wait for what it brings.
    case awaited = 2
}

/// The right to fetch a key's response on the cluster's behalf.
package struct SharedFill: Hashable, Sendable {
    package var key: [UInt8]
    /// Names this fill among all; who has lost it can't store by it.
    package var token: String
    package var tags: [CacheTag]
}

package enum FillOutcome: Hashable, Sendable {
    /// Whoever comes next may try.
    case failed
    /// Nobody else may try for `FillTimes.hold`: what is stale serves meanwhile.
    case held
    /// It can't be stored: nobody is to wait for anybody, for so many microseconds.
    case pass(Int)
}
