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
    func renew(_ fill: SharedFill)

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
    /// There is none, and somebody else fetches it; or there is none, and it was only asked for.
    case filling
    /// Responses under this key can't be stored; for so many more microseconds.
    case pass(remaining: Int)
    case unavailable
}

/// Whether somebody else fetches a key's response.
package enum SharedFilling: Int, Sendable {
    case none = 0
    case busy = 1
    /// Nobody does: the origin has just failed, and is left in peace.
    case held = 2
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
