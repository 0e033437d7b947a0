/// How far something that was read from Redis may be believed. Times in microseconds of one monotonic clock.
package struct ConsumerTrust: Hashable, Sendable {
    /// What was read before the last time that changes were missed is of an older epoch.
    package private(set) var epoch = 0
    /// When it was last confirmed that no change was missed; nil: never yet.
    package var confirmedAt: Int?
    /// When what is of the epoch before was last confirmed.
    private var confirmedBefore = 0

    package init() {}

    /// What is used is read again after this time without anyone waiting, for changes that nobody announced, such as
    /// those made by hand.
    package static let rereadMicroseconds = 30_000_000
    /// How long what is known is believed while Redis can't be asked.
    package static let outageMicroseconds = 600_000_000
    /// What does not exist is not asked for again for this long, unless it is announced.
    package static let unknownMicroseconds = 5_000_000
    /// Redis is not asked again about something that it did not answer.
    package static let pauseMicroseconds = 1_000_000

    package enum Standing: Hashable, Sendable {
        case good
        /// Good, and it should be read again by the way.
        case goodButOld
        /// To be asked for before it is used; if that can't be done it may be used all the same if `isBearable`.
        case doubtful(isBearable: Bool)
    }

    /// Changes were missed.
    package mutating func beginEpoch(now: Int) {
        epoch += 1
        confirmedBefore = confirmedAt ?? now
        confirmedAt = now
    }

    /// - Parameters:
    ///   - epoch: in which it was asked for.
    ///   - readAt: when.
    package func standing(epoch: Int, readAt: Int, now: Int) -> Standing {
        if epoch == self.epoch {
            guard now - max(readAt, confirmedAt ?? readAt) <= Self.outageMicroseconds else {
                return .doubtful(isBearable: false)
            }
            return now - readAt > Self.rereadMicroseconds ? .goodButOld : .good
        }
        let confirmed = epoch == self.epoch - 1 ? max(readAt, confirmedBefore) : readAt
        return .doubtful(isBearable: now - confirmed <= Self.outageMicroseconds)
    }
}
