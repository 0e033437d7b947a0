import Policies
import Testing

@Suite("Versions of consumers")
struct ConsumerVersionsTests {
    private enum Step { case heard(Int), read(Int) }

    private func outcomes(_ steps: [Step]) -> [ConsumerVersions.Outcome] {
        var versions = ConsumerVersions()
        return steps.map {
            switch $0 {
            case .heard(let version): versions.heard(version)
            case .read(let version): versions.read(version)
            }
        }
    }

    @Test("who hears of every change has all confirmed by each reading after the first")
    func complete() {
        #expect(
            outcomes([.read(7), .heard(8), .heard(9), .read(9), .read(9)])
                == [.missed, .confirmed, .confirmed, .confirmed, .confirmed])
    }

    @Test("a change that is read before it is heard of is waited for once")
    func late() {
        #expect(outcomes([.read(7), .read(8), .heard(8), .read(8)]) == [.missed, .unsure, .confirmed, .confirmed])
        #expect(
            outcomes([.read(7), .read(8), .heard(8), .read(9), .heard(9)]).dropFirst().allSatisfy { $0 != .missed })
    }

    @Test("a change that is not heard of until the next reading was missed")
    func lost() {
        #expect(outcomes([.read(7), .read(8), .read(8), .read(8)]) == [.missed, .unsure, .missed, .confirmed])
        // Others come meanwhile, but not that one.
        #expect(outcomes([.read(7), .read(8), .heard(9)]) == [.missed, .unsure, .missed])
        #expect(outcomes([.read(0), .read(1), .read(3)]) == [.missed, .unsure, .missed])
    }

    @Test("an event that comes after it was taken for lost changes nothing")
    func afterwards() {
        #expect(outcomes([.read(7), .read(8), .read(8), .heard(8), .read(8)]).suffix(2) == [.unsure, .confirmed])
    }

    @Test("a Redis that has lost what it knew is not believed to confirm anything")
    func reset() {
        #expect(outcomes([.read(7), .read(0), .read(0)]) == [.missed, .missed, .confirmed])
        #expect(outcomes([.read(7), .read(8), .read(2)]) == [.missed, .unsure, .missed])
    }

    @Test("what is heard before anything was read confirms nothing")
    func early() {
        #expect(outcomes([.heard(3), .read(3), .heard(4)]) == [.unsure, .missed, .confirmed])
    }
}
