/// What was taken of a sliding window, by slices of its period: no interval of that length ever sees more than `capacity`.
///
/// A slice counts whole until all of it has left the period. So what is counted is never less than what was taken in the
/// period, and a token comes back at most one slice (1/32 of the period) later than it could. `take.lua` does the same.
package struct SlidingSlices: Hashable, Sendable {
    static let perPeriod = 32

    struct Slice: Hashable, Sendable {
        let number: Int
        var taken: Int
    }

    /// Ascending.
    private(set) var slices: [Slice] = []
    private var now: Int

    package init(now: Int) { self.now = now }

    /// As `take.lua` writes them: `slice:tokens slice:tokens …`; what does not read so is passed over.
    package init(text: String, of window: RateWindow, now: Int) {
        self.now = now
        // So that no time that is computed from them overflows.
        let numbers = 0...(1 << 53) / Self.length(window)
        slices = text.split(separator: " ").compactMap { word in
            let parts = word.split(separator: ":").map { Int($0) }
            guard parts.count == 2, let number = parts[0], let taken = parts[1], numbers.contains(number),
                RateWindow.countRange.contains(taken)
            else { return nil }
            return Slice(number: number, taken: taken)
        }.sorted { $0.number < $1.number }
    }

    /// Tokens taken in the period that ends now.
    package var taken: Int { slices.reduce(0) { $0 + $1.taken } }

    /// Forgets what has left the period. A clock that went backwards brings nothing back.
    package mutating func advance(to now: Int, _ window: RateWindow) {
        self.now = now
        let first = Self.floor(now - window.periodMicroseconds, over: Self.length(window))
        slices.removeAll { $0.number < first }
    }

    /// Microseconds until `cost` tokens are there.
    package func wait(for cost: Int, _ window: RateWindow) -> Int {
        var tokens = window.capacity - taken
        guard cost > tokens else { return 0 }
        guard cost <= window.capacity else { return TokenBucket.longestWait }
        for slice in slices {
            tokens += slice.taken
            if tokens >= cost {
                return (slice.number + 1) * Self.length(window) + window.periodMicroseconds - now
            }
        }
        return TokenBucket.longestWait
    }

    /// Counts tokens now; a negative amount gives back the latest.
    package mutating func take(_ amount: Int, _ window: RateWindow) {
        var rest = count(amount, in: Self.floor(now, over: Self.length(window)))
        for slice in slices.reversed() where rest != 0 { rest = count(rest, in: slice.number) }
        slices.removeAll { $0.taken == 0 }
    }

    /// The counts under an edited policy: the share that was taken stays, rounded up.
    package func rescaled(from old: RateWindow, to new: RateWindow) -> SlidingSlices {
        var edited = self
        for index in slices.indices {
            edited.slices[index].taken = old.rescaledTaken(slices[index].taken, to: new)
        }
        return edited
    }

    /// - Returns: what could not be given back.
    private mutating func count(_ amount: Int, in number: Int) -> Int {
        let place = slices.firstIndex { $0.number >= number } ?? slices.count
        if place == slices.count || slices[place].number != number {
            slices.insert(Slice(number: number, taken: 0), at: place)
        }
        let change = max(amount, -slices[place].taken)
        slices[place].taken += change
        return amount - change
    }

    private static func length(_ window: RateWindow) -> Int {
        (window.periodMicroseconds + perPeriod - 1) / perPeriod
    }

    private static func floor(_ value: Int, over divisor: Int) -> Int {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension RateWindow {
    /// The share of this window's capacity that `taken` is, of another one's: rounded up.
    func rescaledTaken(_ taken: Int, to new: RateWindow) -> Int {
        guard capacity != new.capacity else { return taken }
        let left = TokenBucket(tokens: max(0, capacity - taken), fraction: 0, updated: 0)
        return new.capacity - left.rescaled(from: self, to: new).tokens
    }
}
