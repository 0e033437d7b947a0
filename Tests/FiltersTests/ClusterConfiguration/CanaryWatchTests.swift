import Testing

@testable import Filters

@Suite("Judging the node that tries a configuration")
struct CanaryWatchTests {
    /// Answered and failed of the canary now, of the others, and of the canary before.
    private func verdict(_ canary: (Int, Int), _ others: (Int, Int) = (0, 0), _ before: (Int, Int) = (0, 0))
        -> CanaryWatch.Verdict
    {
        var watch = CanaryWatch()
        watch.canary = .init(answered: canary.0, failed: canary.1)
        watch.others = .init(answered: others.0, failed: others.1)
        watch.before = .init(answered: before.0, failed: before.1)
        return watch.verdict
    }

    @Test("it is worse if it fails clearly more than the others, or than before")
    func worse() {
        #expect(verdict((100, 100)) == .worse)
        #expect(verdict((100, 10), (1000, 0)) == .worse)
        #expect(verdict((1000, 100), (1000, 20), (1000, 20)) == .worse)
        #expect(verdict((20, 5)) == .worse)
    }

    @Test("an upstream that is down for all, or was down before, is not held against it")
    func commonFaults() {
        #expect(verdict((100, 90), (1000, 880)) == .fine)
        #expect(verdict((100, 30), (0, 0), (100, 30)) == .fine)
        #expect(verdict((100, 30), (10, 0), (100, 30)) == .fine)
    }

    @Test("a few failures, and few requests, prove nothing")
    func chance() {
        #expect(verdict((1000, 4), (1000, 0)) == .fine)
        #expect(verdict((1000, 15), (1000, 0)) == .fine)
        #expect(verdict((19, 19)) == .untried)
        #expect(verdict((0, 0)) == .untried)
        #expect(verdict((1000, 0), (1000, 500)) == .fine)
    }

    @Test("counts that go back, as after a restart, are none")
    func restarted() {
        let counts = CanaryWatch.Counts(answered: 10, failed: 3) - CanaryWatch.Counts(answered: 100, failed: 1)
        #expect(counts == CanaryWatch.Counts(answered: 0, failed: 0))
    }
}
