/// How long a stored response may be used, and how (RFC 9111 §4.2, RFC 5861). Microseconds.
package struct CacheLifetime: Hashable, Sendable {
    /// While its age is below this it may be used as it is.
    package var fresh: Int
    /// After that, for so long while it is being refreshed.
    package var staleWhileRevalidate = 0
    /// And for so long when the origin fails.
    package var staleIfError = 0
    /// `no-cache`: never used without asking the origin.
    package var alwaysValidates = false
    /// `must-revalidate` and the like: once stale, only used after asking the origin (RFC 9111 §4.2.4).
    package var forbidsStale = false
    /// `s-maxage` with stale windows of its own: these bind, whatever a request would bear (RFC 9111 §4.2.4, §5.2.2.10).
    package var ignoresMaxStale = false
    /// It has an ETag or a Last-Modified, so that asking may be cheap.
    package var hasValidator = false

    package init(fresh: Int) { self.fresh = fresh }

    /// The age at which it is of no more use, at most 30 days.
    package var useful: Int {
        let stale = max(staleWhileRevalidate, staleIfError)
        // Long enough that the next request still finds a validator to send.
        let validation = hasValidator ? min(max(fresh, Self.minute), Self.day) : 0
        return min(max(fresh + max(stale, validation), 1_000_000), 30 * Self.day)
    }

    package static let minute = 60_000_000
    package static let day = 86_400_000_000
}

/// What may be done with a stored response of some age for a request.
package enum Reuse: Hashable, Sendable {
    case fresh
    /// Usable at once, but to be refreshed meanwhile.
    case staleWhileRevalidating
    /// Usable at once: the client takes stale ones (`max-stale`).
    case staleByRequest
    /// The origin is to be asked first; whether the stored one may stand in if that fails.
    case validate(servesOnError: Bool)

    /// - Parameters:
    ///   - age: microseconds.
    ///   - isPurgedSoftly: stale from now on, however young.
    package static func decide(
        _ lifetime: CacheLifetime, age: Int, request: CacheDirectives, isPurgedSoftly: Bool = false
    ) -> Reuse {
        let staleness = isPurgedSoftly ? max(age - lifetime.fresh, 1) : age - lifetime.fresh
        let bearsErrors = lifetime.ignoresMaxStale ? 0 : seconds(request.staleIfError)
        let errorWindow = max(lifetime.staleIfError, bearsErrors)
        let servesOnError =
            !lifetime.alwaysValidates && !lifetime.forbidsStale && errorWindow > 0 && staleness < errorWindow
        let isTooOld = request.maxAge.map { age > seconds($0) } ?? false
        guard !lifetime.alwaysValidates, !request.noCache, !isTooOld else {
            return .validate(servesOnError: servesOnError)
        }
        if staleness < 0, staleness <= -seconds(request.minFresh) { return .fresh }
        guard !lifetime.forbidsStale, request.minFresh == nil else { return .validate(servesOnError: servesOnError) }
        // RFC 9111 §5.2.1.1: who says how old it may be wants nothing stale, unless it says so too.
        if staleness < lifetime.staleWhileRevalidate, request.maxAge == nil || request.maxStale != nil {
            return .staleWhileRevalidating
        }
        if !lifetime.ignoresMaxStale, let bearable = request.maxStale,
            bearable == .max || staleness <= seconds(bearable)
        {
            return .staleByRequest
        }
        return .validate(servesOnError: servesOnError)
    }

    private static func seconds(_ value: Int?) -> Int { min(value ?? 0, 1 << 31) * 1_000_000 }
}
