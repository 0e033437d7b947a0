/// One subject's tokens for one window of a policy: exact, and the same in Swift and in Lua.
///
/// # How a bucket counts
///
/// A bucket holds up to `capacity` tokens and gains `count / period` of them each microsecond (`RateWindow.Terms`).
/// That rate is seldom a whole number, and rounding it at every request would either lose tokens (a busy bucket, asked
/// each microsecond, would never refill) or invent them (and break the promise that a window T admits at most C + R·T).
/// So nothing is rounded: besides whole `tokens` the bucket keeps `fraction`, the part of the next token that has
/// already come back, counted in units of 1/period of a token. Time passing adds `elapsed · count` such units; every
/// `period` of them are one token. Advancing in many small steps or in one large step therefore gives the same
/// bucket, to the last unit, which also means that a refused request need not be written back.
///
/// All numbers are integers and every intermediate stays within 2⁵³, because the script that does the same in Redis
/// has only doubles. The two must agree in every bit: stores are compared verdict by verdict.
///
/// # The steps, which `take.lua` repeats one by one
///
/// `count` and `period` are the window's terms, `//` rounds down, all values are integers ≥ 0.
///
///     A bucket that does not exist:   tokens = capacity, fraction = 0, updated = now
///
///     rescale(oldCapacity, newCapacity)      when the stored capacity or terms differ from the window's;
///                                            before advance, which then uses the new terms
///       if oldCapacity ≠ newCapacity:
///         tokens    = min(tokens, oldCapacity)
///         whole     = newCapacity // oldCapacity
///         part      = newCapacity − whole · oldCapacity
///         high      = tokens // 32768
///         low       = tokens − high · 32768
///         quotient  = (high · part) // oldCapacity
///         remainder = high · part − quotient · oldCapacity
///         tokens    = whole · tokens + quotient · 32768 + (remainder · 32768 + low · part) // oldCapacity
///       fraction = 0
///
///     advance(now)
///       elapsed   = max(0, now − updated)
///       periods   = elapsed // period
///       rest      = elapsed − periods · period
///       missing   = capacity − tokens
///       if missing ≤ 0 or periods > missing // count:         it is full (the product below might be huge)
///         tokens = capacity, fraction = 0
///       else
///         units  = rest · count + fraction
///         gained = periods · count + units // period
///         if gained ≥ missing:   tokens = capacity, fraction = 0
///         else:                  tokens = tokens + gained, fraction = units − (units // period) · period
///       updated = max(updated, now)
///
///     wait(cost)                             microseconds until `cost` tokens are there; after advance
///       if cost ≤ tokens:   0
///       if cost > capacity: longestWait      (2⁵²: never)
///       short    = cost − tokens
///       rounds   = short // count
///       rest     = short − rounds · count
///       if rounds > longestWait // period: longestWait
///       units    = rest · period − fraction             may be negative, but only if rounds > 0
///       wait     = min(rounds · period + ceil(units / count), longestWait)
///
///     timeToFull = wait(capacity)
///
///     take, over all windows of all policies of the request: see `BucketSet`.
package struct TokenBucket: Hashable, Sendable {
    /// Whole tokens there are.
    package var tokens: Int
    /// What has come back of the next token, in 1/period of a token: 0 ≤ fraction < period.
    package var fraction: Int
    /// When both were right, in microseconds of the store's clock.
    package var updated: Int

    /// No wait is longer (142 years); also the answer for a cost that the bucket can never hold.
    package static let longestWait = 1 << 52

    package init(tokens: Int, fraction: Int, updated: Int) {
        self.tokens = tokens
        self.fraction = fraction
        self.updated = updated
    }

    /// A subject that has not been seen, or not for so long that its bucket expired.
    package init(full window: RateWindow, now: Int) {
        self.init(tokens: window.capacity, fraction: 0, updated: now)
    }

    /// Adds what came back since `updated`. A clock that went backwards gives nothing and takes nothing.
    package mutating func advance(to now: Int, _ window: RateWindow) {
        let (count, period) = (window.terms.count, window.terms.period)
        let (periods, rest) = max(0, now - updated).quotientAndRemainder(dividingBy: period)
        updated = max(updated, now)

        let missing = window.capacity - tokens
        guard missing > 0, periods <= missing / count else { return fill(window) }
        let units = rest * count + fraction
        let gained = periods * count + units / period
        guard gained < missing else { return fill(window) }
        tokens += gained
        fraction = units % period
    }

    /// A full bucket gains nothing, not even the beginning of a token.
    private mutating func fill(_ window: RateWindow) {
        tokens = window.capacity
        fraction = 0
    }

    /// Microseconds after `updated` at which `cost` tokens are there, exactly: one less is too early.
    package func wait(for cost: Int, _ window: RateWindow) -> Int {
        guard cost > tokens else { return 0 }
        guard cost <= window.capacity else { return Self.longestWait }
        let (count, period) = (window.terms.count, window.terms.period)
        let (rounds, rest) = (cost - tokens).quotientAndRemainder(dividingBy: count)
        guard rounds <= Self.longestWait / period else { return Self.longestWait }
        let units = rest * period - fraction
        // Division of a negative number rounds towards zero, which is upwards, as it should.
        let remainder = units > 0 ? (units + count - 1) / count : units / count
        return min(rounds * period + remainder, Self.longestWait)
    }

    /// Microseconds after `updated` at which the bucket is full; until then it must be kept.
    package func timeToFull(_ window: RateWindow) -> Int { wait(for: window.capacity, window) }

    /// The bucket under an edited policy: it keeps the share that was left, rounded down, instead of starting anew.
    ///
    /// The begun token is given up, for its unit may have changed with the rate.
    package func rescaled(from old: RateWindow, to new: RateWindow) -> TokenBucket {
        guard old.capacity != new.capacity || old.terms != new.terms else { return self }
        var bucket = self
        bucket.fraction = 0
        guard old.capacity != new.capacity else { return bucket }
        let held = min(tokens, old.capacity)
        // tokens · new / old in two digits of 15 bits, so that no product leaves 2⁵³.
        let (whole, part) = new.capacity.quotientAndRemainder(dividingBy: old.capacity)
        let (high, low) = held.quotientAndRemainder(dividingBy: 1 << 15)
        let (quotient, remainder) = (high * part).quotientAndRemainder(dividingBy: old.capacity)
        bucket.tokens = whole * held + quotient << 15 + (remainder << 15 + low * part) / old.capacity
        return bucket
    }
}
