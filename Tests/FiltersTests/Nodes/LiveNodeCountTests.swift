import Testing

@testable import Filters

@Suite("How many nodes are alive")
struct LiveNodeCountTests {
    @Test("a node that joins counts at once")
    func more() {
        var count = LiveNodeCount()
        #expect([1, 2, 3].map { count.heard($0) } == [1, 2, 3])
    }

    @Test("a Redis that has forgotten the others does not make a node the only one")
    func forgotten() {
        var count = LiveNodeCount()
        #expect([3, 3, 1, 2, 3, 3].map { count.heard($0) } == [3, 3, 3, 3, 3, 3])
    }

    @Test("a node that is gone for good is believed to be gone")
    func fewer() {
        var count = LiveNodeCount()
        #expect([3, 2, 2, 2, 2, 2, 2].map { count.heard($0) } == [3, 3, 3, 3, 3, 2, 2])
    }

    @Test("no answer makes it less than one")
    func atLeastOne() {
        var count = LiveNodeCount()
        #expect(count.heard(0) == 1)
    }
}
