import Testing

@testable import Policies

@Suite("A lease")
struct LeaseTests {
    private static let lifetime = 100_000

    /// A key that a thousand requests a second have asked for during the last 100 ms.
    private func hot(_ now: Int = 1_000_000) -> Lease {
        var lease = Lease()
        for index in 0..<100 { _ = lease.step(1, now: now - 100_000 + index * 1000) }
        return lease
    }

    private func granted(_ count: Int, at now: Int = 1_000_000) -> Lease {
        var lease = hot(now)
        _ = lease.ask(sequence: 1, now: now)
        lease.answered(.init(granted: count, isHeldKept: false, lifetimeMicroseconds: Self.lifetime))
        return lease
    }

    @Test("a cold key asks for its request alone")
    func cold() {
        var lease = Lease()
        #expect(lease.step(5, now: 0) == .ask)
        #expect(lease.ask(sequence: 3, now: 0) == LeaseAsk(want: 0, held: 0, returned: 0, sequence: 3))
    }

    @Test("a hot key asks for what it will need until the next question")
    func want() throws {
        var lease = hot()
        let first = lease.ask(sequence: 1, now: 1_000_000)
        let ask = try #require(first)
        #expect((40...75).contains(ask.want) && ask.held == 0 && ask.returned == 0)
        #expect(lease.ask(sequence: 2, now: 1_000_000) == nil)
    }

    @Test("what was granted is spent until shortly before it ends at the store, counted from the question")
    func ends() {
        var lease = hot()
        _ = lease.ask(sequence: 1, now: 1_000_000)
        // The answer takes 30 ms; its time began with the question.
        lease.answered(.init(granted: 2, isHeldKept: false, lifetimeMicroseconds: Self.lifetime))
        #expect(lease.step(1, now: 1_030_000) == .pay)
        lease.pay(1)
        #expect(lease.step(1, now: 1_096_999) == .pay)
        #expect(lease.step(1, now: 1_097_000) == .ask)
        #expect(lease.step(0, now: 1_097_000) == .pay)
        #expect(lease.ask(sequence: 2, now: 1_097_000)?.held == 0)
    }

    @Test("a question states what is unspent, reserved tokens too, and what is spent meanwhile stays spent")
    func held() {
        var lease = granted(10)
        lease.pay(1)
        lease.reserve(2)
        #expect(lease.ask(sequence: 2, now: 1_010_000)?.held == 9)
        lease.pay(3)
        lease.answered(.init(granted: 5, isHeldKept: true, lifetimeMicroseconds: Self.lifetime))
        #expect(lease.available == 9)
        lease.release(2, isSpent: false, epoch: lease.epoch)
        #expect(lease.available == 11)
    }

    @Test("what the store no longer counts is forgotten, even if it was reserved")
    func notKept() {
        var lease = granted(10)
        let epoch = lease.epoch
        lease.reserve(2)
        _ = lease.ask(sequence: 2, now: 1_010_000)
        lease.answered(.init(granted: 3, isHeldKept: false, lifetimeMicroseconds: Self.lifetime))
        lease.release(2, isSpent: false, epoch: epoch)
        #expect(lease.available == 3)
    }

    @Test("without an answer the lease lives on to its own end, and no grant is reckoned with")
    func lost() {
        var lease = granted(10)
        _ = lease.ask(sequence: 2, now: 1_060_000)
        lease.lost(now: 1_096_000)
        #expect(lease.step(1, now: 1_096_000) == .pay)
        #expect(lease.step(1, now: 1_097_000) == .ask)
        #expect(lease.tend(now: 1_096_000) == .keep)
    }

    @Test("an answer that comes after the end prolongs what was kept")
    func prolonged() {
        var lease = granted(10)
        _ = lease.ask(sequence: 2, now: 1_090_000)
        #expect(lease.step(1, now: 1_098_000) != .pay)
        lease.answered(.init(granted: 0, isHeldKept: true, lifetimeMicroseconds: Self.lifetime))
        #expect(lease.step(1, now: 1_098_000) == .pay)
    }

    @Test("requests join a question that will cover them; the others ask for themselves")
    func join() throws {
        var lease = hot()
        let ask = lease.ask(sequence: 1, now: 1_000_000)
        let want = try #require(ask).want
        for _ in 0..<want {
            #expect(lease.step(1, now: 1_000_000) == .join)
            lease.join(1)
        }
        #expect(lease.step(1, now: 1_000_000) == .take)
    }

    @Test("a refused key is refused here until the instant that the store named; cheaper requests are asked for")
    func refusal() {
        var lease = Lease()
        _ = lease.step(5, now: 0)
        _ = lease.ask(sequence: 1, now: 0)
        lease.answered(.init(granted: 0, isHeldKept: false, lifetimeMicroseconds: Self.lifetime))
        lease.told(word(wait: 3_000_000), cost: 5, now: 1000)
        #expect(lease.step(5, now: 2000) == .refuse(wait: 2_999_000))
        #expect(lease.step(4, now: 2000) == .ask)
        #expect(lease.step(5, now: 3_001_000) == .ask)
    }

    @Test("the last token of a slow bucket does not stop the others from being asked for")
    func lastTokens() {
        var lease = granted(0)
        lease.told(word(isShort: true), cost: 1, now: 1_000_500)
        #expect(lease.step(1, now: 1_000_500) == .ask)
    }

    @Test("a scarce bucket is left alone for some milliseconds, but never so long that it would be full")
    func pacing() {
        for (room, most) in [(1_000_000, 20_000), (8000, 2000)] {
            var lease = granted(0)
            lease.told(word(isShort: true, isScarce: true, room: room), cost: 1, now: 1_000_500)
            guard case .refuse(let wait) = lease.step(1, now: 1_000_500) else {
                Issue.record("not refused")
                continue
            }
            #expect((1...most).contains(wait))
        }
    }

    @Test("it is renewed when it runs low or ages, and given back when nobody asks any more")
    func care() throws {
        var lease = granted(60)
        #expect(lease.tend(now: 1_000_000) == .keep)
        for _ in 0..<55 { lease.pay(1) }
        #expect(lease.tend(now: 1_001_000) == .ask)
        lease = granted(60)
        #expect(lease.tend(now: 1_060_000) == .ask)
        // 70 ms later hardly anybody has asked.
        let returning = lease.ask(sequence: 2, now: 1_070_000)
        #expect(try #require(returning).returned > 0)
        lease = granted(60, at: 1_000_000)
        _ = lease.ask(sequence: 2, now: 1_000_000)
        lease.answered(.init(granted: 0, isHeldKept: true, lifetimeMicroseconds: 1_000_000))
        #expect(
            lease.ask(sequence: 3, now: 1_500_000)
                == LeaseAsk(want: 0, held: 0, returned: 60, sequence: 3))
        lease.answered(.init(granted: 0, isHeldKept: true, lifetimeMicroseconds: Self.lifetime))
        #expect(lease.tend(now: 1_501_000) == .forget)
    }

    @Test("an edited policy's lease is not spent any more, and goes back", arguments: [true, false])
    func revoked(whileAsking: Bool) {
        var lease = granted(10)
        let epoch = lease.epoch
        lease.reserve(1)
        if whileAsking { _ = lease.ask(sequence: 2, now: 1_001_000) }
        lease.revoke()
        #expect(lease.available == 0)
        if whileAsking {
            #expect(lease.step(1, now: 1_001_000) == .take)
            lease.answered(.init(granted: 4, isHeldKept: true, lifetimeMicroseconds: Self.lifetime))
        }
        lease.release(1, isSpent: false, epoch: epoch)
        #expect(lease.available == 0 && lease.tend(now: 1_002_000) == .ask)
        #expect(lease.ask(sequence: 3, isClosing: true, now: 1_002_000)?.returned == (whileAsking ? 13 : 9))
    }

    private func word(wait: Int = 0, isShort: Bool = false, isScarce: Bool = false, room: Int = 1_000_000) -> Lease.Word
    {
        Lease.Word(wait: wait, gained: 0, isShort: isShort, isScarce: isScarce, nextToken: 0, room: room)
    }
}
