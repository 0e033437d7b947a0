import Testing
import Verification

@Suite("The check of admissions against a quota")
struct BoundCheckTests {
    private let quota = Quota(capacity: 10, rate: 1e-3)

    /// All pairs of an earliest and a latest instant, each counted anew.
    private func exhaustive(_ admissions: [Admission], _ quota: Quota) -> Double {
        var worst = -Double.infinity
        for from in admissions.map(\.earliest) {
            for until in admissions.map(\.latest) where until >= from {
                let seen = admissions.count { $0.earliest >= from && $0.latest <= until }
                guard seen > 0 else { continue }
                worst = max(worst, Double(seen) - Double(quota.capacity) - quota.rate * Double(until - from))
            }
        }
        return worst
    }

    @Test("it finds the same worst interval as trying them all", arguments: 0..<200 as Range<UInt64>)
    func sameAsAll(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let admissions = (0..<Int.random(in: 1...60, using: &generator)).map { _ in
            let sent = Int.random(in: 0...20_000, using: &generator)
            return Admission(earliest: sent, latest: sent + Int.random(in: 0...5_000, using: &generator))
        }
        let check = BoundCheck(admissions, quota)
        #expect(abs(check.margin - exhaustive(admissions, quota)) < 1e-6)
    }

    @Test("an admission too many at one instant is found")
    func oneTooMany() {
        let instant = Admission(earliest: 5, latest: 5)
        #expect(BoundCheck(Array(repeating: instant, count: 10), quota).excess == 0)
        #expect(BoundCheck(Array(repeating: instant, count: 11), quota).excess == 1)
    }

    @Test("an excess in the middle of a long run within the quota is found, and named with its interval")
    func hiddenBurst() {
        var admissions = (0..<1000).map { Admission(earliest: $0 * 4_000, latest: $0 * 4_000 + 100) }
        admissions += (0..<15).map { Admission(earliest: 902_001 + $0, latest: 902_051 + $0) }
        let check = BoundCheck(admissions, quota)
        #expect(check.excess == 5)
        #expect(check.from == 902_001)
        #expect(check.until == 902_065)
        #expect(check.admitted == 15)
    }

    @Test("whatever a bucket admits is within its quota, however long answers take", arguments: 0..<50 as Range<UInt64>)
    func noFalseAlarm(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bucket = IdealBucket([quota])
        var (now, admissions) = (0, [Admission]())
        for _ in 0..<2_000 {
            now += Int.random(in: 0...800, using: &generator)
            guard bucket.take(at: now) else { continue }
            let (before, after) = (
                Int.random(in: 0...3_000, using: &generator), Int.random(in: 0...300_000, using: &generator)
            )
            admissions.append(Admission(earliest: now - before, latest: now + after))
        }
        #expect(BoundCheck(admissions, quota).excess == 0)
    }

    @Test("a bucket that gives a tenth more than its rate is found out", arguments: 0..<20 as Range<UInt64>)
    func tooFast(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bucket = IdealBucket([Quota(capacity: 10, rate: 1.1e-3)])
        var (now, admissions) = (0, [Admission]())
        for _ in 0..<4_000 {
            now += Int.random(in: 0...400, using: &generator)
            guard bucket.take(at: now) else { continue }
            admissions.append(
                Admission(
                    earliest: now - Int.random(in: 0...3_000, using: &generator),
                    latest: now + Int.random(in: 0...3_000, using: &generator)))
        }
        #expect(BoundCheck(admissions, quota).excess > 40)
    }

    @Test("nothing admitted is nothing too many")
    func empty() {
        #expect(BoundCheck([], quota).excess == 0)
    }
}
