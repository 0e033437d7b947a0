import Testing

@testable import Transport

@Suite("deadlines")
struct DeadlineWheelTests {
    private final class Owner: DeadlineOwner {
        let index: Int
        private(set) lazy var deadline = Deadline(owner: self)
        /// When it fired.
        var fired: [Int] = []
        var onReached: ((Owner) -> Void)?
        var now = 0

        init(_ index: Int) { self.index = index }

        func deadlineReached() {
            fired.append(now)
            onReached?(self)
        }
    }

    private static let tick = DeadlineWheel.tickMicroseconds

    /// Turns the wheel to `now`, telling the owners the time.
    private func turn(_ wheel: DeadlineWheel, _ owners: [Owner], to now: Int) {
        for owner in owners { owner.now = now }
        wheel.turn(nowMicroseconds: now)
    }

    @Test("a deadline fires once, at the first tick after its time and not before")
    func once() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owner = Owner(0)
        wheel.set(owner.deadline, at: 25_000)
        for now in stride(from: 0, through: 200_000, by: 1000) { turn(wheel, [owner], to: now) }
        #expect(owner.fired.count == 1)
        #expect((25_000...25_000 + 2 * Self.tick).contains(owner.fired[0]))
        #expect(owner.deadline.due == nil)
    }

    @Test("a deadline that is set earlier or later, cleared or removed obeys the last word")
    func lastWord() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owners = (0..<6).map { Owner($0) }
        for owner in owners { wheel.set(owner.deadline, at: 100_000) }
        wheel.set(owners[0].deadline, at: 30_000)
        wheel.set(owners[1].deadline, at: 300_000)
        wheel.clear(owners[2].deadline)
        wheel.remove(owners[3].deadline)
        wheel.clear(owners[4].deadline)
        wheel.set(owners[4].deadline, at: 50_000)
        for now in stride(from: 0, through: 1_000_000, by: Self.tick) { turn(wheel, owners, to: now) }
        let expected: [Int?] = [30_000, 300_000, nil, nil, 50_000, 100_000]
        for (owner, due) in zip(owners, expected) {
            #expect(owner.fired.count == (due == nil ? 0 : 1), "\(owner.index)")
            if let due, let fired = owner.fired.first {
                #expect((due...due + 2 * Self.tick).contains(fired), "\(owner.index)")
            }
        }
    }

    @Test("a deadline beyond the wheel's round fires in its time")
    func farAway() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owner = Owner(0)
        let due = 5 * 1024 * Self.tick + 5
        wheel.set(owner.deadline, at: due)
        for now in stride(from: 0, through: due + 100_000, by: Self.tick) { turn(wheel, [owner], to: now) }
        #expect(owner.fired.count == 1 && (due...due + 2 * Self.tick).contains(owner.fired[0]))
    }

    @Test("a wheel that is turned a little late fires all that is due, at once")
    func late() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owners = (0..<30).map { Owner($0) }
        for owner in owners { wheel.set(owner.deadline, at: owner.index * Self.tick) }
        turn(wheel, owners, to: DeadlineWheel.longestStep * Self.tick)
        #expect(owners.filter { $0.index < 9 }.allSatisfy { $0.fired.count == 1 })
        #expect(owners.filter { $0.index > 10 }.allSatisfy { $0.fired.isEmpty })
    }

    @Test("time in which nobody turned the wheel is not held against those who are waited for")
    func standstill() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let before = Owner(0)
        let after = Owner(1)
        wheel.set(before.deadline, microsecondsFromNow: 500_000)
        // The loop stands still for a minute, and then takes a request before it turns the wheel.
        let now = 60_000_000
        wheel.set(after.deadline, microsecondsFromNow: 200_000)
        turn(wheel, [before, after], to: now)
        #expect(before.fired.isEmpty && after.fired.isEmpty)
        for step in 1...100 { turn(wheel, [before, after], to: now + step * Self.tick) }
        #expect((now + 90_000...now + 220_000).contains(after.fired.first ?? 0))
        #expect((now + 390_000...now + 520_000).contains(before.fired.first ?? 0))
    }

    @Test("who is called may set, clear and remove any deadline, its own too")
    func reentrancy() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owners = (0..<10).map { Owner($0) }
        // All in one slot; whichever is first removes half of the others and moves the rest.
        for owner in owners {
            owner.onReached = { caller in
                for other in owners where other !== caller && other.fired.isEmpty {
                    if other.index % 2 == 0 {
                        wheel.remove(other.deadline)
                    } else {
                        wheel.set(other.deadline, at: caller.now + 50_000)
                    }
                }
                if caller.fired.count == 1 { wheel.set(caller.deadline, at: caller.now + 500_000) }
            }
            wheel.set(owner.deadline, at: 20_000)
        }
        for now in stride(from: 0, through: 3_000_000, by: Self.tick) { turn(wheel, owners, to: now) }
        #expect(owners.filter { !$0.fired.isEmpty }.allSatisfy { $0.fired.count == 2 })
        #expect(owners.contains { $0.fired.isEmpty } && owners.contains { $0.fired.count == 2 })
    }

    @Test("any history agrees with a plain list of times", arguments: 0..<30)
    func model(_ seed: Int) {
        var random = SystemLikeRandom(UInt64(seed))
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        let owners = (0..<40).map { Owner($0) }
        var due: [Int?] = Array(repeating: nil, count: owners.count)
        var now = 0
        for _ in 0..<3000 {
            let index = Int.random(in: 0..<owners.count, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let range = [50_000, 500_000, 30_000_000].randomElement(using: &random) ?? 1
                let time = now + Int.random(in: 0..<range, using: &random)
                wheel.set(owners[index].deadline, at: time)
                due[index] = time
            case 5:
                wheel.clear(owners[index].deadline)
                due[index] = nil
            case 6:
                wheel.remove(owners[index].deadline)
                due[index] = nil
            default:
                let steps = Int.random(in: 0..<4, using: &random)
                now += steps * Self.tick + Int.random(in: 0..<Self.tick, using: &random)
                turn(wheel, owners, to: now)
                // Now and then a long quiet time.
                for _ in 0..<(Int.random(in: 0..<20, using: &random) == 0 ? 600 : 0) {
                    now += 5 * Self.tick
                    turn(wheel, owners, to: now)
                }
                for owner in owners {
                    guard let time = due[owner.index] else {
                        #expect(owner.fired.isEmpty, "\(owner.index) fired without a deadline")
                        continue
                    }
                    if !owner.fired.isEmpty {
                        #expect(time <= now, "fired early")
                        due[owner.index] = nil
                    } else {
                        #expect(time > now - 3 * Self.tick, "not fired in time: \(time) at \(now)")
                    }
                    owner.fired = []
                }
            }
        }
    }

    @Test("a removed deadline is let go of")
    func noLeak() {
        let wheel = DeadlineWheel(nowMicroseconds: 0)
        var owner: Owner? = Owner(0)
        weak let watched = owner?.deadline
        if let owner {
            wheel.set(owner.deadline, at: 1_000_000)
            wheel.remove(owner.deadline)
        }
        owner = nil
        #expect(watched == nil)
        wheel.turn(nowMicroseconds: 10_000_000)
    }
}

/// A small generator with a seed, so that a failing history can be run again.
private struct SystemLikeRandom: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state ^ (state >> 29)
    }
}
