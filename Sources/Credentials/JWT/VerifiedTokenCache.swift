/// Remembers tokens whose signature was found valid, so that showing one again costs a hash (about 0.5 µs) instead of
/// a signature check (25 µs for RS256, 65 µs for ES256).
///
/// A set-associative table: a token's SHA-256 picks a set of eight places, of which it takes a free one, one whose
/// token has expired, or the next that was not used since the hand last passed (the "clock" approximation of least
/// recently used). It never grows, and finding a token allocates nothing. Only verified tokens enter, so strangers
/// can't push others out. Expiry is judged on every look, with the verifier's leeway.
///
/// It belongs to one verifier, so a new configuration (other keys, another issuer) starts with an empty one, and to
/// one worker.
package final class VerifiedTokenCache {
    private struct Place {
        var digest: Digest
        var token: VerifiedToken?
        var wasUsed = false
    }

    private static let ways = 8

    package let verifier: JWTVerifier
    package private(set) var hits = 0
    package private(set) var misses = 0
    private let hasher: SHA256Hasher
    private let setMask: UInt64
    private var places: [Place]
    private var hands: [UInt8]

    /// `capacity` is rounded up to a power of two, 8 or more.
    package init(verifier: JWTVerifier, capacity: Int = 4096) throws(CredentialError) {
        var sets = 1
        while sets * Self.ways < min(capacity, 1 << 20) { sets *= 2 }
        self.verifier = verifier
        self.hasher = try SHA256Hasher()
        self.setMask = UInt64(sets - 1)
        self.places = Array(repeating: Place(digest: Digest { _ in }), count: sets * Self.ways)
        self.hands = Array(repeating: 0, count: sets)
    }

    package var capacity: Int { places.count }

    /// The same verdict as the verifier's own.
    package func verify(_ token: UnsafeRawBufferPointer, nowSeconds: Int) -> JWTVerdict {
        guard token.count <= CompactToken.maximumBytes else { return .invalid(.tooLarge) }
        let digest = hasher.digest(token)
        let set = Int(truncatingIfNeeded: digest.prefix & setMask)
        if let remembered = find(digest, inSet: set) {
            hits += 1
            if let failure = verifier.judgeTimes(of: remembered, nowSeconds: nowSeconds) { return .invalid(failure) }
            return .valid(remembered)
        }
        misses += 1
        let verdict = verifier.verify(token, nowSeconds: nowSeconds)
        if case .valid(let verified) = verdict { remember(verified, digest, inSet: set, nowSeconds: nowSeconds) }
        return verdict
    }

    private func find(_ digest: Digest, inSet set: Int) -> VerifiedToken? {
        for index in (set * Self.ways)..<((set + 1) * Self.ways) where places[index].digest == digest {
            guard let token = places[index].token else { continue }
            places[index].wasUsed = true
            return token
        }
        return nil
    }

    private func remember(_ token: VerifiedToken, _ digest: Digest, inSet set: Int, nowSeconds: Int) {
        places[freePlace(inSet: set, nowSeconds: nowSeconds)] = Place(digest: digest, token: token)
    }

    private func freePlace(inSet set: Int, nowSeconds: Int) -> Int {
        let first = set * Self.ways
        for index in first..<(first + Self.ways) {
            guard let token = places[index].token else { return index }
            if verifier.judgeTimes(of: token, nowSeconds: nowSeconds) != nil { return index }
        }
        while true {
            let index = first + Int(hands[set])
            hands[set] = (hands[set] + 1) % UInt8(Self.ways)
            if !places[index].wasUsed { return index }
            places[index].wasUsed = false
        }
    }
}
