import Policies
import Testing

@Suite struct BucketSetTests {
    private let perSecond = RateWindow(count: 2, periodMicroseconds: 1_000_000)
    private let perMinute = RateWindow(count: 10, periodMicroseconds: 60_000_000)

    @Test("a refusal charges no window, and waits for the slowest")
    func allOrNothing() {
        var set = BucketSet()
        set.append(TokenBucket(tokens: 1, fraction: 0, updated: 0), of: perSecond)
        set.append(TokenBucket(tokens: 1, fraction: 0, updated: 0), of: perMinute)
        #expect(set.take(now: 0) == BucketSet.Verdict(isAdmitted: true, retryAfterMicroseconds: 0))
        #expect(set.members.map(\.remaining) == [0, 0])
        #expect(set.members.map(\.timeToFull) == [1_000_000, 60_000_000])

        #expect(set.take(now: 600_000) == BucketSet.Verdict(isAdmitted: false, retryAfterMicroseconds: 5_400_000))
        #expect(set.members.map(\.remaining) == [1, 0])
        #expect(set.members.map(\.wait) == [0, 5_400_000])
    }

    @Test("costs may differ; zero only looks, and more than the capacity is never admitted")
    func costs() {
        var set = BucketSet()
        set.append(TokenBucket(full: perMinute, now: 0), of: perMinute, cost: 4)
        set.append(TokenBucket(tokens: 0, fraction: 0, updated: 0), of: perSecond, cost: 0)
        #expect(set.take(now: 0).isAdmitted)
        #expect(set.members.map(\.remaining) == [6, 0])
        set.removeAll()
        set.append(TokenBucket(full: perSecond, now: 0), of: perSecond, cost: 3)
        #expect(set.take(now: 0).retryAfterMicroseconds == TokenBucket.longestWait)
        #expect(set.members[0].remaining == 2)
    }

    @Test("a set of no windows admits")
    func empty() {
        var set = BucketSet()
        #expect(set.take(now: 0).isAdmitted)
    }

    @Test("over any history no interval T admits more than C + R·T, and no refusal is needless", arguments: 0..<60)
    func neverOverAdmits(seed: Int) {
        var random = Seeded(seed: UInt64(seed))
        let windows = (0..<random.number(1...3)).map { _ in
            RateWindow(
                count: random.number(1...50), periodMicroseconds: random.number(1...5_000),
                capacity: random.number(1...20))
        }
        var buckets = windows.map { TokenBucket(full: $0, now: 0) }
        var admitted: [(time: Int, cost: Int)] = []
        var (now, set) = (0, BucketSet())
        for _ in 0..<250 {
            now += random.chance(50) ? 0 : random.number(0...400)
            let cost = random.chance(80) ? 1 : random.number(0...3)
            set.removeAll()
            for (bucket, window) in zip(buckets, windows) { set.append(bucket, of: window, cost: cost) }
            let verdict = set.take(now: now)
            if verdict.isAdmitted { admitted.append((now, cost)) }
            // A refusal is written back or not: it must not matter.
            if verdict.isAdmitted || random.chance(50) { buckets = set.members.compactMap(\.tokenBucket) }
            guard !verdict.isAdmitted, verdict.retryAfterMicroseconds < TokenBucket.longestWait else { continue }
            #expect(isAdmitted(buckets, windows, cost, now + verdict.retryAfterMicroseconds))
            #expect(!isAdmitted(buckets, windows, cost, now + verdict.retryAfterMicroseconds - 1))
        }
        for window in windows { #expect(holdsPromise(admitted, window)) }
        #expect(admitted.count > 5)
    }

    private func isAdmitted(_ buckets: [TokenBucket], _ windows: [RateWindow], _ cost: Int, _ now: Int) -> Bool {
        var set = BucketSet()
        for (bucket, window) in zip(buckets, windows) { set.append(bucket, of: window, cost: cost) }
        return set.take(now: now).isAdmitted
    }

    /// The monitor: adds up every interval from one admission to a later one, knowing nothing of buckets.
    private func holdsPromise(_ admitted: [(time: Int, cost: Int)], _ window: RateWindow) -> Bool {
        for first in admitted.indices {
            var sum = 0
            for last in admitted[first...].indices {
                sum += admitted[last].cost
                let length = admitted[last].time - admitted[first].time
                let allowed = window.capacity * window.periodMicroseconds + length * window.count
                guard sum * window.periodMicroseconds <= allowed else { return false }
            }
        }
        return true
    }

    @Test("under constant demand the whole rate is admitted")
    func fullRate() {
        let window = RateWindow(count: 7, periodMicroseconds: 1_000, capacity: 3)
        var bucket = TokenBucket(full: window, now: 0)
        var admitted = 0
        for now in 0...1_000_000 {
            var set = BucketSet()
            set.append(bucket, of: window)
            if set.take(now: now).isAdmitted { admitted += 1 }
            bucket = set.members[0].tokenBucket ?? bucket
        }
        #expect(admitted == 3 + 7_000)
    }
}

extension BucketSet.Member {
    fileprivate var tokenBucket: TokenBucket? {
        if case .bucket(let bucket) = level { bucket } else { nil }
    }
}
