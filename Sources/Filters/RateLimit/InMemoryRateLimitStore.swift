import GatewayCore
import HTTPWire
import Policies

/// A worker's view of the node's buckets. Decides at once, by the steps of `take.lua`.
package final class InMemoryRateLimitStore: LocalRateLimitStore {
    private let shared: SharedBuckets
    private let now: () -> Int
    private let wallClock: () -> Int
    private let periods = CalendarPeriods()
    /// Keys of the places that requests hold, by their slots.
    private var held: [Int: [[UInt8]]] = [:]
    private var set = BucketSet()
    private let subjectKey = SubjectKey()
    /// The keys of a request, one after the other.
    private let keys = ByteBuilder(capacity: 256)
    private var located: [Located] = []

    /// One entry of the request being decided.
    private struct Located {
        let policy: LimitPolicy
        /// Where its key lies in `keys`.
        let start: Int
        let length: Int
        /// Its first member of the set.
        var first = 0
        var isEdited = false
        var placesTaken = 0
        /// There is no place for the request.
        var isFull = false
    }

    /// - Parameters:
    ///   - now: microseconds of one clock for all workers.
    ///   - wallClock: of calendars, in microseconds since 1970.
    package convenience init(_ shared: SharedBuckets) {
        self.init(shared, now: MonotonicClock.microseconds, wallClock: CalendarPeriods.wallClock)
    }

    init(
        _ shared: SharedBuckets, now: @escaping () -> Int, wallClock: @escaping () -> Int = CalendarPeriods.wallClock
    ) {
        self.shared = shared
        self.now = now
        self.wallClock = wallClock
    }

    package func take(_ request: TakeRequest) -> Bool {
        keys.removeAll()
        located.removeAll(keepingCapacity: true)
        for entry in request.entries { locate(entry.policy, request.subject(of: entry)) }
        let mask = located.reduce(0) { $0 | SharedBuckets.bit(of: key($1)) }
        shared.withLocks(mask) { decide(request) }
        return true
    }

    package func lower(_ policy: LimitPolicy, subject: Bytes, to tokens: [Int]) {
        withOne(policy, subject) { now in
            _ = set.take(now: now)
            set.lower(to: tokens)
        }
    }

    /// Changes the levels of one policy and subject.
    private func withOne(_ policy: LimitPolicy, _ subject: Bytes, _ change: (_ now: Int) -> Void) {
        keys.removeAll()
        located.removeAll(keepingCapacity: true)
        locate(policy, subject)
        shared.withLocks(SharedBuckets.bit(of: keys.bytes)) {
            let now = now()
            set.removeAll()
            load(0, cost: 0, now)
            change(now)
            save(0, now)
        }
    }

    private func locate(_ policy: LimitPolicy, _ subject: Bytes) {
        let start = keys.count
        keys.append(policy.keyStart)
        subjectKey.append(subject, to: keys)
        located.append(Located(policy: policy, start: start, length: keys.count - start))
    }

    private func key(_ entry: Located) -> Bytes { keys.bytes.slice(entry.start, entry.length) }

    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        withOne(policy, subject) { now in
            _ = set.look(now: now)
            for index in set.members.indices { set.charge(index, amount) }
        }
    }

    package func release(slot: Int) {
        for key in held.removeValue(forKey: slot) ?? [] {
            key.withUnsafeBufferPointer { shared.free(slot, of: $0) }
        }
    }

    private func decide(_ request: TakeRequest) {
        // Read under the locks: of two requests, the later one must not come with the earlier time.
        let now = now()
        set.removeAll()
        for index in located.indices { load(index, cost: request.entries[index].cost, now) }
        var isAdmitted = set.look(now: now).isAdmitted
        for index in located.indices where located[index].isFull && !located[index].policy.isShadow {
            isAdmitted = false
        }
        var slot: Int?
        for index in located.indices {
            let isCharged = isAdmitted && request.entries[index].cost > 0 && admits(index)
            if isCharged { for member in members(index) { set.charge(member) } }
            // A refusal writes nothing, except that a policy was edited: see `take.lua`.
            if isCharged || located[index].isEdited { save(index, now) }
            if let limit = request.entries[index].placeLimit {
                if isCharged { takePlace(index, &slot, now) }
                let taken = located[index].placesTaken + (isCharged ? 1 : 0)
                request.entries[index].places = TakeRequest.PlaceState(
                    remaining: max(0, limit - taken), isFull: located[index].isFull)
            }
        }
        for member in set.members {
            request.append(
                TakeRequest.WindowState(
                    remaining: member.remaining, resetMicroseconds: member.timeToFull, waitMicroseconds: member.wait))
        }
        request.slot = slot
        request.conclude(isAdmitted ? .admitted : .refused)
    }

    private func members(_ index: Int) -> Range<Int> {
        located[index].first..<located[index].first + located[index].policy.windows.count
    }

    /// Whether an entry by itself would admit.
    private func admits(_ index: Int) -> Bool {
        !located[index].isFull && members(index).allSatisfy { set.members[$0].wait == 0 }
    }

    private func takePlace(_ index: Int, _ slot: inout Int?, _ now: Int) {
        let number = slot ?? shared.nextPlace()
        slot = number
        let key = key(located[index])
        guard var stored = shared.find(key) else { return }
        stored.places.insert(number)
        shared.store(stored, for: key, now: now)
        held[number, default: []].append(Array(key))
    }

    private func load(_ index: Int, cost: Int, _ now: Int) {
        let policy = located[index].policy
        let stored = shared.find(key(located[index]))
        located[index].first = set.members.count
        for (place, window) in policy.windows.enumerated() {
            let period = period(of: window, now)
            let known = stored?.level(place, of: policy)
            if known?.isEdited == true { located[index].isEdited = true }
            set.append(
                known?.level ?? WindowLevel(full: window, period: period, now: now), of: window, cost: cost,
                period: period, isShadow: policy.isShadow)
        }
        guard let limit = policy.concurrency else { return }
        located[index].placesTaken = stored?.places.count ?? 0
        located[index].isFull = cost > 0 && located[index].placesTaken >= limit
    }

    /// The calendar's period, in terms of the store's clock.
    private func period(of window: RateWindow, _ now: Int) -> Range<Int> {
        guard case .calendar(let unit, let zone) = window.kind else { return 0..<1 }
        let wall = wallClock()
        let period = periods.period(unit, zone: zone, containing: wall)
        return period.lowerBound - wall + now..<period.upperBound - wall + now
    }

    private func save(_ index: Int, _ now: Int) {
        let policy = located[index].policy
        let members = set.members[members(index)]
        let key = key(located[index])
        if shared.update(key, policy, members, now: now) { return }
        shared.store(StoredBuckets(policy, members, before: shared.find(key), now: now), for: key, now: now)
    }
}
