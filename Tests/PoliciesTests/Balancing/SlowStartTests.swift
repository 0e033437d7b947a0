import Testing

@testable import Policies

@Suite("Slow start and zones")
struct SlowStartTests {
    @Test(
        "a share grows evenly from a tenth to all of it",
        arguments: [(0, 10), (-5, 10), (5_000, 55), (10_000, 100), (1_000_000, 100)])
    func grows(_ elapsed: Int, _ percent: Int) {
        #expect(SlowStart.weight(3, elapsed: elapsed, duration: 10_000) == 3 * percent)
    }

    @Test("it never shrinks, and is never nothing")
    func monotone() {
        var last = 0
        for elapsed in stride(from: 0, through: 12_000, by: 100) {
            let weight = SlowStart.weight(1, elapsed: elapsed, duration: 10_000)
            #expect(weight >= max(last, 1))
            last = weight
        }
        #expect(SlowStart.weight(1, elapsed: 0, duration: 0) == SlowStart.scale)
    }

    @Test("what comes back or is new grows, and what was there has its share")
    func ramps() {
        var loads = [TargetLoad(weight: 2), TargetLoad(weight: 2), TargetLoad(weight: 4)]
        let weights = [2, 2, 4]
        var ramps = TargetRamps(targets: 3, duration: 1_000, out: 0b010)
        #expect(ramps.growing == 0)
        ramps.note(out: 0, now: 100)
        #expect(ramps.growing == 0b010)
        ramps.adjust(&loads, { weights[$0] }, now: 100)
        #expect(loads.map(\.weight) == [200, 20, 400])
        ramps.begin(0b001, now: 600)
        ramps.adjust(&loads, { weights[$0] }, now: 600)
        #expect(loads.map(\.weight) == [20, 110, 400])
        ramps.note(out: 0b001, now: 700)
        #expect(ramps.growing == 0b010, "one that is out again begins anew later")
        ramps.adjust(&loads, { weights[$0] }, now: 1_100)
        #expect(ramps.growing == 0 && loads.map(\.weight) == weights)
        var none = TargetRamps(targets: 3, duration: 0, out: 1)
        none.note(out: 0, now: 0)
        #expect(none.growing == 0)
    }

    @Test("a new target gets a tenth of the requests of an old one at first")
    func balanced() {
        var targets = [
            TargetLoad(weight: SlowStart.weight(1, elapsed: 50_000, duration: 10_000)),
            TargetLoad(weight: SlowStart.weight(1, elapsed: 0, duration: 10_000)),
        ]
        let picks = (0..<1_100).compactMap { _ in Balancing.roundRobin(&targets) }
        #expect(picks.count { $0 == 1 } == 100)
    }

    @Test(
        "requests stay in the zone while half of its targets are well",
        arguments: [
            (UInt64(0b0011), UInt64(0), UInt64(0b0011) as UInt64?), (0b0011, 0b0001, 0b0010), (0b0011, 0b0011, nil),
            (0b0111, 0b0011, nil), (0b0111, 0b0001, 0b0110), (0, 0, nil), (0b0011, 0b1100, 0b0011),
        ])
    func zones(_ near: UInt64, _ out: UInt64, _ preferred: UInt64?) {
        #expect(ZonePreference.preferred(near: near, out: out) == preferred)
    }
}
