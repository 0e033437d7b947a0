import Policies

/// Why a fetch asks the origin (RFC 9211 §2.2).
extension Fetch {
    var forward: CacheStatusField.Forward {
        guard let stale else {
            // Other responses of the URL are known, and its request selects none of them.
            return variant == nil || variant == CachedResponse.onlyVariant ? .uriMiss : .varyMiss
        }
        let response = stale.response
        let isUsable =
            !stale.isSoft && !response.lifetime.alwaysValidates && response.age(at: sentAt) < response.lifetime.fresh
        // What could have been used, had the request allowed it.
        return isUsable ? .request : .stale
    }
}
