extension Breaker {
    /// The probes of one half-open epoch: who is out, until when, and how many came back well.
    struct Probes: Sendable {
        /// A bound, so that they need no memory of their own.
        static let most = 16

        enum Begin {
            /// The number of a new probe, from 1.
            case begun(Int)
            /// All are out or have succeeded; this is when the first of them lapses.
            case full(lapse: Int)
        }

        var succeeded = 0
        private var issued = 0
        /// Number and lapse of each probe that is out; number 0: a free place.
        private var out = InlineArray<16, (number: Int, lapse: Int)>(repeating: (0, 0))

        mutating func begin(limit: Int, lapse: Int, now: Int) -> Begin {
            var (busy, free, earliest) = (0, -1, Int.max)
            for place in out.indices {
                if out[place].number != 0, out[place].lapse > now {
                    busy += 1
                    earliest = min(earliest, out[place].lapse)
                } else {
                    free = place
                }
            }
            guard busy + succeeded < limit, free >= 0 else { return .full(lapse: earliest) }
            issued += 1
            out[free] = (issued, lapse)
            return .begun(issued)
        }

        /// Frees the probe's place. False: it is not out, because it has lapsed or was never begun.
        mutating func end(_ number: Int, now: Int) -> Bool {
            for place in out.indices where number != 0 && out[place].number == number {
                let isInTime = out[place].lapse > now
                out[place].number = 0
                return isInTime
            }
            return false
        }
    }
}
