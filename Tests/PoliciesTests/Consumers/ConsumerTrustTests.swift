import Policies
import Testing

@Suite("What is believed of consumers")
struct ConsumerTrustTests {
    private let second = 1_000_000

    @Test("what no change was missed of is good, and read again by the way when it is old")
    func good() {
        var trust = ConsumerTrust()
        trust.confirmedAt = 100 * second
        #expect(trust.standing(epoch: 0, readAt: 90 * second, now: 100 * second) == .good)
        #expect(trust.standing(epoch: 0, readAt: 60 * second, now: 100 * second) == .goodButOld)
    }

    @Test("in an outage it stays good for ten minutes after the last confirmation")
    func outage() {
        var trust = ConsumerTrust()
        trust.confirmedAt = 100 * second
        #expect(trust.standing(epoch: 0, readAt: 10 * second, now: 700 * second) == .goodButOld)
        #expect(trust.standing(epoch: 0, readAt: 10 * second, now: 701 * second) == .doubtful(isBearable: false))
        #expect(trust.standing(epoch: 0, readAt: 650 * second, now: 701 * second) == .goodButOld, "read since")
        #expect(ConsumerTrust().standing(epoch: 0, readAt: 5, now: 10) == .good, "never confirmed, but just read")
    }

    @Test("when changes were missed all is doubtful; without an answer it is borne with as long as in an outage")
    func missed() {
        var trust = ConsumerTrust()
        trust.confirmedAt = 100 * second
        trust.beginEpoch(now: 101 * second)
        #expect(trust.standing(epoch: 0, readAt: 99 * second, now: 102 * second) == .doubtful(isBearable: true))
        #expect(trust.standing(epoch: 0, readAt: 99 * second, now: 800 * second) == .doubtful(isBearable: false))
        #expect(trust.standing(epoch: 1, readAt: 102 * second, now: 102 * second) == .good)
        trust.beginEpoch(now: 1000 * second)
        #expect(
            trust.standing(epoch: 0, readAt: 99 * second, now: 1001 * second) == .doubtful(isBearable: false),
            "of two epochs ago: only what it was when it was read is known")
    }
}
