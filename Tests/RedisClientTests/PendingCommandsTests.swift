import NIOCore
import Testing

@testable import RedisClient

@Suite("pending commands")
struct PendingCommandsTests {
    private final class Answers { var order: [Int] = [] }

    private func slot(_ id: Int, deadline: Int, in answers: Answers, isRepeated: Bool = false) -> PendingCommands.Slot {
        let call = PendingCommands.Command(script: .init(index: 0), range: 0..<0, isRepeated: isRepeated)
        return .init(
            completion: { _ in answers.order.append(id) }, sentMicroseconds: 0, deadlineMicroseconds: deadline,
            command: isRepeated ? call : nil)
    }

    private func expire(_ pending: inout PendingCommands, now: Int) {
        for completion in pending.expire(nowMicroseconds: now) { completion(.failure(.timeout)) }
    }

    @Test("deadlines expire in order and once, and the slots stay for the late replies")
    func expiry() {
        let answers = Answers()
        var pending = PendingCommands(limit: 10)
        for id in 1...5 { pending.append(slot(id, deadline: id * 10, in: answers)) }
        expire(&pending, now: 9)
        #expect(answers.order.isEmpty)
        expire(&pending, now: 25)
        expire(&pending, now: 29)
        #expect(answers.order == [1, 2] && pending.count == 5)
        #expect(pending.removeFirst()?.completion == nil)
        expire(&pending, now: 40)
        #expect(answers.order == [1, 2, 3, 4])
        for _ in 2...4 { #expect(pending.removeFirst()?.completion == nil) }
        #expect(pending.removeFirst()?.completion != nil)
        #expect(pending.removeFirst() == nil && pending.isEmpty)
    }

    @Test("a repeated call behind later deadlines expires at its own")
    func repeatedCalls() {
        let answers = Answers()
        var pending = PendingCommands(limit: 10)
        pending.append(slot(1, deadline: 10, in: answers))
        pending.append(slot(2, deadline: 100, in: answers))
        pending.append(slot(3, deadline: 20, in: answers, isRepeated: true))
        pending.append(slot(4, deadline: 110, in: answers))
        expire(&pending, now: 50)
        #expect(answers.order == [1, 3])
        _ = pending.removeFirst()
        expire(&pending, now: 105)
        #expect(answers.order == [1, 3, 2])
        _ = pending.removeFirst()
        _ = pending.removeFirst()
        expire(&pending, now: 115)
        #expect(answers.order == [1, 3, 2, 4])
    }

    @Test("it is full at its limit")
    func limit() {
        var pending = PendingCommands(limit: 2)
        let answers = Answers()
        pending.append(slot(1, deadline: 1, in: answers))
        #expect(!pending.isFull)
        pending.append(slot(2, deadline: 1, in: answers))
        #expect(pending.isFull)
        #expect(pending.removeAll().count == 2 && pending.isEmpty)
    }
}
