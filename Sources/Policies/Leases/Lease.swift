/// What one worker of a node holds of one shared bucket: tokens prepaid there, to be spent here without asking.
///
/// # Why it never over-admits
///
/// Tokens of a lease were taken out of the bucket before they are spent, and the bucket leaves room for them until they
/// are reported spent, given back, or lapse. So all that matters is that no token is spent after the store has reckoned
/// it lost, and none is spent that was reported spent:
///
/// - The lease ends here before it ends there: its time counts from before the question was sent, and is shortened by a
///   margin for clocks that run at different speeds. Clocks are never compared.
/// - A question states what is held. What is spent while it is out is stated by the next one; what it gives back is not
///   spent from the moment it is written.
/// - If no answer comes, what it may have granted is forgotten. What was held lives on until its own end, whether the
///   store got the question or not. That its number is lower than the next one's keeps a late one from counting.
/// - If the store answers that it no longer knew the lease, all of it is forgotten here too.
///
/// Every error therefore loses tokens, and only until the lease would have ended.
///
/// # How it is used
///
/// For each request: `step`, which says how it is to be paid; then `pay` or `reserve`, or `ask` to write a question,
/// and `answered` or `lost`. From time to time: `tend`. Requests of the worker come one by one; there is at most one
/// question at a time.
package struct Lease: Hashable, Sendable {
    /// How a request can be decided.
    package enum Step: Hashable, Sendable {
        /// The lease has its tokens.
        case pay
        /// The bucket will not have them before this many microseconds.
        case refuse(wait: Int)
        /// A question is out whose answer will probably cover it.
        case join
        /// To be asked for on its own; a question about the lease is out already.
        case take
        /// To be asked for, together with what the lease needs.
        case ask
    }

    /// What a lease needs when nobody is waiting for it.
    package enum Care: Hashable, Sendable {
        /// Nothing yet, but it is alive.
        case keep
        /// A question: for more, or to give back.
        case ask
        /// Nothing any more; it has ended.
        case forget
    }

    private enum Phase: Hashable, Sendable {
        case resting
        case asking(Question)
    }

    private struct Question: Hashable, Sendable {
        let ask: LeaseAsk
        let sent: Int
        /// Tokens that requests which wait for the answer hope for.
        var joined = 0
        /// The policy was edited meanwhile: what comes is given back.
        var isRevoked = false
    }

    private var phase = Phase.resting
    /// Tokens that can be spent.
    package private(set) var available = 0
    /// Tokens of requests that wait for what else they need; still held.
    private var reserved = 0
    /// Tokens to be given back with the next question: the policy was edited.
    private var revoked = 0
    /// When the lease ends here.
    private var expiry = 0
    private var lifetime = Lease.usualLifetime
    /// Counts up when all that is held is forgotten, so that late releases of reserved tokens are told.
    package private(set) var epoch = 0
    private var refusal = Refusal()
    private var demand = Demand()
    private var pace = Pace()
    /// No questions of its own accord before this: the store did not answer.
    private var quietUntil = 0

    private struct Refusal: Hashable, Sendable {
        var until = 0
        /// Cheaper requests may still find their tokens.
        var cost = 0
    }

    package init() {}

    /// How long leases last, unless the store ends them earlier.
    private static let usualLifetime = 100_000
    /// What is borrowed should last this long: until the renewal past half of the lease's life, and its answer.
    private static let horizon = 70_000
    /// Clocks may differ by 2% and the end still come here first; and by as much as a clock's tick.
    private static func margin(_ lifetime: Int) -> Int { lifetime / 50 + 1000 }
    /// Less than this is not worth borrowing: most of it would be given back, by another command.
    private static let worthwhile = 2
    /// Waiting requests of a key that is being paced; those beyond ask for themselves.
    private static let mostJoined = 4096

    package var isAsking: Bool { phase != .resting }
    package var isPaced: Bool { pace.isOn }
    /// Whether there is anything to look after.
    package var isIdle: Bool { !isAsking && available == 0 && reserved == 0 && revoked == 0 }

    /// What a request may still be paid from.
    package func isLive(now: Int) -> Bool { now < expiry }

    // MARK: Requests

    /// Notes that a request came, and says how it is to be decided.
    package mutating func step(_ cost: Int, now: Int) -> Step {
        demand.note(cost, now: now)
        if available >= cost, isLive(now: now) || cost == 0 { return .pay }
        if refusal.until > now, cost >= refusal.cost { return .refuse(wait: refusal.until - now) }
        guard case .asking(let question) = phase else { return .ask }
        // Nothing is to be hoped for from the answer.
        if question.isRevoked || quietUntil > now { return .take }
        let mayCover = pace.isOn ? Self.mostJoined : question.ask.want
        return question.joined + cost <= mayCover ? .join : .take
    }

    /// After `.pay`: the request is admitted.
    package mutating func pay(_ cost: Int) { available -= cost }

    /// After `.pay`, when the request also needs what is not here.
    package mutating func reserve(_ cost: Int) {
        available -= cost
        reserved += cost
    }

    /// What was reserved is spent, or not needed.
    package mutating func release(_ cost: Int, isSpent: Bool, epoch: Int) {
        guard epoch == self.epoch else { return }
        reserved -= cost
        if !isSpent { available += cost }
    }

    /// After `.join`.
    package mutating func join(_ cost: Int) {
        guard case .asking(var question) = phase else { return }
        question.joined += cost
        phase = .asking(question)
    }

    // MARK: Questions

    /// Writes the question that goes out now; nil if one is out.
    ///
    /// - Parameter isClosing: gives all back that can be.
    package mutating func ask(sequence: Int, isClosing: Bool = false, now: Int) -> LeaseAsk? {
        guard !isAsking else { return nil }
        if !isLive(now: now) { forget() }
        let need = isClosing ? 0 : need(now)
        let returned = available > 2 * need ? available - need : 0
        available -= returned
        let ask = LeaseAsk(
            want: max(0, need - available), held: available + reserved, returned: returned + revoked,
            sequence: sequence)
        revoked = 0
        phase = .asking(Question(ask: ask, sent: now))
        return ask
    }

    /// The store has answered the question.
    package mutating func answered(_ grant: LeaseGrant) {
        guard case .asking(let question) = phase else { return }
        phase = .resting
        if !grant.isHeldKept { forget() }
        lifetime = max(0, grant.lifetimeMicroseconds)
        expiry = question.sent + lifetime - Self.margin(lifetime)
        if question.isRevoked { revoked += grant.granted } else { available += grant.granted }
    }

    /// The store has not answered in time, or not about the lease.
    package mutating func lost(now: Int) {
        guard isAsking else { return }
        phase = .resting
        if !isLive(now: now) { forget() }
        quietUntil = now + Self.usualLifetime
    }

    /// What the answer to a request says about this key; all times in microseconds.
    package struct Word: Hashable, Sendable {
        /// Until the bucket has the request's tokens; 0 if it had.
        package var wait: Int
        /// Tokens that came, for the request and the lease together.
        package var gained: Int
        /// Whether the lease got less than it wanted.
        package var isShort: Bool
        /// Whether so few tokens are left that a pause brings more of them (`Pace.isScarce`).
        package var isScarce: Bool
        /// Until there is a token again in a bucket that has none now; 0 if it has some, or that is not known.
        package var nextToken: Int
        /// Until the tightest window is full.
        package var room: Int

        package init(wait: Int, gained: Int, isShort: Bool, isScarce: Bool, nextToken: Int, room: Int) {
            self.wait = wait
            self.gained = gained
            self.isShort = isShort
            self.isScarce = isScarce
            self.nextToken = nextToken
            self.room = room
        }
    }

    /// To be called after `answered`, if the store decided.
    package mutating func told(_ word: Word, cost: Int, now: Int) {
        if word.wait > 0 {
            let pause = pace.fellShort(gained: 0, room: word.room, now: now)
            refusal = Refusal(until: now + max(word.wait, pause), cost: cost)
        } else if word.isShort, pace.isOn || word.isScarce {
            let pause = pace.fellShort(gained: word.gained, room: word.room, now: now)
            refusal = Refusal(until: now + max(word.nextToken, pause), cost: 1)
        } else {
            if !word.isShort { pace.wasGranted(now: now) }
            if word.nextToken > 0 { refusal = Refusal(until: now + word.nextToken, cost: 1) }
        }
    }

    /// The policy was edited: nothing is spent by its old terms any more.
    package mutating func revoke() {
        if case .asking(var question) = phase {
            question.isRevoked = true
            phase = .asking(question)
        }
        revoked += available
        available = 0
        reserved = 0
        epoch &+= 1
        refusal = Refusal()
        pace = Pace()
    }

    /// An operator gave tokens: what was said of when the bucket has some again does not hold any more.
    package mutating func forgetRefusal() { refusal = Refusal() }

    // MARK: Care

    /// To be called now and then while the lease is not idle.
    package mutating func tend(isClosing: Bool = false, now: Int) -> Care {
        guard !isAsking else { return .keep }
        guard !isIdle else { return .forget }
        guard isLive(now: now) else {
            forget()
            return .forget
        }
        if revoked > 0 || isClosing && available > 0 { return .ask }
        if isClosing { return .keep }
        guard quietUntil <= now else { return .keep }
        // What nobody asks for goes back, and what somebody asks for gets a longer life.
        let isAging = expiry - now < lifetime * 4 / 10
        if isAging, available > 0 { return .ask }
        return isRunningLow(now: now) ? .ask : .keep
    }

    /// Whether more should be asked for before requests have to wait for it.
    package func isRunningLow(now: Int) -> Bool {
        guard !isAsking, refusal.until <= now, quietUntil <= now else { return false }
        return available < min(demand.expected(within: Self.usualLifetime / 10, now: now), need(now))
    }

    /// Tokens that should be here for the time until the next question.
    private func need(_ now: Int) -> Int {
        let need = demand.expected(within: Self.horizon, now: now)
        return need < Self.worthwhile ? 0 : need
    }

    private mutating func forget() {
        available = 0
        reserved = 0
        revoked = 0
        epoch &+= 1
    }
}
