import Credentials
import Policies

/// What a worker has learnt of one kind of records in Redis, found and missing ones, and the questions that are out.
/// Bounded; confined to its worker. Pure: who owns it sends the questions.
struct RecordMemory<Record> {
    enum Finding {
        case found(Record)
        /// There was none a moment ago.
        case missing
        case unsure
    }

    enum Answer {
        case found(Record)
        case missing
        /// Redis could not be asked.
        case unavailable
    }

    typealias Waiter = (Answer) -> Void

    /// What was read, and when.
    private final class Entry {
        /// Nil: there is none.
        let record: Record?
        let epoch: Int
        let readAt: Int
        /// Redis is not asked again before this, after it did not answer.
        var askAgainAt = Int.min

        init(_ record: Record?, epoch: Int, readAt: Int) {
            (self.record, self.epoch, self.readAt) = (record, epoch, readAt)
        }
    }

    /// One question, and all who wait for its answer.
    private struct Question {
        let epoch: Int
        let askedAt: Int
        /// What to make do with if there is no answer.
        let fallback: Entry?
        var waiters: [Waiter] = []
        /// Something has changed while it was out: what it brings may be of before.
        var isOutdated = false
    }

    /// More questions than these mean that Redis hangs.
    private static var mostQuestions: Int { 4096 }
    private static var mostWaiters: Int { 10_000 }

    private var found: DigestTable<Entry>
    /// Of their own, so that guesses can't push out what is known.
    private var missing: DigestTable<Entry>
    private var questions: [Digest: Question] = [:]

    init(found: Int, missing: Int) {
        self.found = DigestTable(capacity: found)
        self.missing = DigestTable(capacity: missing)
    }

    var count: Int { found.count }

    // MARK: Knowing

    /// - Parameter isOld: set if it should be read again by the way.
    mutating func find(_ digest: Digest, _ trust: ConsumerTrust, now: Int, isOld: inout Bool) -> Finding {
        if let entry = found.find(digest), let record = entry.record {
            switch trust.standing(epoch: entry.epoch, readAt: entry.readAt, now: now) {
            case .good: return .found(record)
            case .goodButOld:
                isOld = now >= entry.askAgainAt
                return .found(record)
            case .doubtful(let isBearable):
                // Within the pause Redis has just failed to confirm it.
                return isBearable && now < entry.askAgainAt ? .found(record) : .unsure
            }
        }
        guard let entry = missing.find(digest), entry.epoch == trust.epoch,
            now - entry.readAt < ConsumerTrust.unknownMicroseconds
        else { return .unsure }
        return .missing
    }

    mutating func forget(_ digest: Digest) {
        found.remove(digest)
        missing.remove(digest)
        questions[digest]?.isOutdated = true
    }

    mutating func forget(where isMeant: (Record) -> Bool) {
        found.removeAll { $0.record.map(isMeant) ?? false }
        for digest in questions.keys { questions[digest]?.isOutdated = true }
    }

    // MARK: Asking

    /// Whether a question has to be sent, since nobody asks the same. The waiter is told in any case, perhaps at once.
    mutating func ask(_ digest: Digest, epoch: Int, now: Int, waiter: Waiter?) -> Bool {
        if let question = questions[digest] {
            guard question.waiters.count < Self.mostWaiters else {
                waiter?(.unavailable)
                return false
            }
            if let waiter { questions[digest]?.waiters.append(waiter) }
            return false
        }
        guard questions.count < Self.mostQuestions else {
            waiter?(.unavailable)
            return false
        }
        questions[digest] = Question(
            epoch: epoch, askedAt: now, fallback: found.find(digest), waiters: waiter.map { [$0] } ?? [])
        return true
    }

    enum Conclusion {
        /// It has changed meanwhile: to be asked again.
        case again
        case tell([Waiter], Answer)
    }

    /// The answer to a question.
    /// - Parameter result: nil: there is none; nil inside: there is no such record.
    mutating func conclude(_ digest: Digest, _ result: Record??, _ trust: ConsumerTrust, now: Int) -> Conclusion {
        guard let question = questions.removeValue(forKey: digest) else { return .tell([], .unavailable) }
        guard let record = result else { return .tell(question.waiters, Self.makeshift(question, trust, now)) }
        if question.isOutdated {
            questions[digest] = Question(epoch: trust.epoch, askedAt: now, fallback: nil, waiters: question.waiters)
            return .again
        }
        let entry = Entry(record, epoch: question.epoch, readAt: question.askedAt)
        guard let record else {
            found.remove(digest)
            missing.insert(entry, for: digest)
            return .tell(question.waiters, .missing)
        }
        missing.remove(digest)
        found.insert(entry, for: digest)
        return .tell(question.waiters, .found(record))
    }

    /// What was known goes on being good for a while (`ConsumerTrust`), unless it is known to have changed.
    private static func makeshift(_ question: Question, _ trust: ConsumerTrust, _ now: Int) -> Answer {
        guard !question.isOutdated, let entry = question.fallback, let record = entry.record else {
            return .unavailable
        }
        entry.askAgainAt = now + ConsumerTrust.pauseMicroseconds
        switch trust.standing(epoch: entry.epoch, readAt: entry.readAt, now: now) {
        case .good, .goodButOld, .doubtful(isBearable: true): return .found(record)
        case .doubtful(isBearable: false): return .unavailable
        }
    }
}
