import Credentials
import Policies
import Testing

@testable import Filters

@Suite("What is remembered of records in Redis")
struct RecordMemoryTests {
    private let second = 1_000_000
    private let key: Digest
    private let other: Digest

    init() throws {
        let hasher = try SHA256Hasher()
        key = hasher.digest(Array("key".utf8))
        other = hasher.digest(Array("other".utf8))
    }

    private final class Answers {
        var texts: [String] = []
        func take(_ answer: RecordMemory<String>.Answer) {
            switch answer {
            case .found(let record): texts.append(record)
            case .missing: texts.append("missing")
            case .unavailable: texts.append("unavailable")
            }
        }
    }

    private func confirmed(at time: Int) -> ConsumerTrust {
        var trust = ConsumerTrust()
        trust.confirmedAt = time
        return trust
    }

    private func find(
        _ memory: inout RecordMemory<String>, _ trust: ConsumerTrust = ConsumerTrust(), now: Int = 0
    ) -> String {
        var isOld = false
        return switch memory.find(key, trust, now: now, isOld: &isOld) {
        case .found(let record): record + (isOld ? ", old" : "")
        case .missing: "missing"
        case .unsure: "unsure"
        }
    }

    /// Tells the waiters; nil: it is to be asked again.
    private func conclude(
        _ memory: inout RecordMemory<String>, _ result: String??, _ trust: ConsumerTrust = ConsumerTrust(), now: Int = 0
    ) -> Int? {
        switch memory.conclude(key, result, trust, now: now) {
        case .again: return nil
        case .tell(let waiters, let answer):
            for waiter in waiters { waiter(answer) }
            return waiters.count
        }
    }

    @Test("who asks the same at the same time asks once, and all are told")
    func coalescing() {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        let answers = Answers()
        #expect(find(&memory) == "unsure")
        let sent = [key, key, other].map { memory.ask($0, epoch: 0, now: 0, waiter: $0 == other ? nil : answers.take) }
        #expect(sent == [true, false, true], "another one is another question")
        #expect(conclude(&memory, "acme") == 2)
        #expect(answers.texts == ["acme", "acme"])
        #expect(find(&memory) == "acme")
    }

    @Test("what does not exist is remembered for a moment")
    func missing() {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        _ = memory.ask(key, epoch: 0, now: 0, waiter: nil)
        #expect(conclude(&memory, .some(nil)) == 0)
        #expect(find(&memory, now: 4 * second) == "missing")
        #expect(find(&memory, now: 5 * second) == "unsure")
        memory.forget(key)
        #expect(find(&memory, now: 4 * second) == "unsure", "it may have been made since")
    }

    @Test("an answer that a change has overtaken is asked for again")
    func overtaken() {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        let answers = Answers()
        _ = memory.ask(key, epoch: 0, now: 0, waiter: answers.take)
        memory.forget(key)
        #expect(conclude(&memory, "before") == nil)
        #expect(answers.texts.isEmpty)
        #expect(find(&memory) == "unsure")
        #expect(conclude(&memory, .some(nil)) == 1)
        #expect(answers.texts == ["missing"])
        _ = memory.ask(key, epoch: 0, now: 0, waiter: answers.take)
        memory.forget { _ in false }
        #expect(conclude(&memory, "before") == nil, "a consumer's change may concern any key")
    }

    @Test("without an answer what is known goes on, and what is not known is unavailable")
    func outage() {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        let answers = Answers()
        _ = memory.ask(key, epoch: 0, now: 0, waiter: answers.take)
        #expect(conclude(&memory, nil) == 1)
        #expect(answers.texts == ["unavailable"])
        _ = memory.ask(key, epoch: 0, now: 0, waiter: nil)
        _ = conclude(&memory, "acme")
        let trust = confirmed(at: 40 * second)
        #expect(find(&memory, trust, now: 40 * second) == "acme, old")
        _ = memory.ask(key, epoch: 0, now: 40 * second, waiter: nil)
        _ = conclude(&memory, nil, trust, now: 40 * second)
        #expect(find(&memory, trust, now: 40 * second) == "acme", "not asked again at once")
        #expect(find(&memory, trust, now: 639 * second) == "acme, old")
        #expect(find(&memory, trust, now: 641 * second) == "unsure")
        _ = memory.ask(key, epoch: 0, now: 641 * second, waiter: answers.take)
        _ = conclude(&memory, nil, trust, now: 641 * second)
        #expect(answers.texts.last == "unavailable", "it has been too long")
    }

    @Test("after missed changes what is known is asked for before it is used; in an outage it is borne with")
    func missedChanges() {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        let answers = Answers()
        _ = memory.ask(key, epoch: 0, now: 0, waiter: nil)
        _ = conclude(&memory, "acme")
        var trust = confirmed(at: second)
        trust.beginEpoch(now: 2 * second)
        #expect(find(&memory, trust, now: 3 * second) == "unsure")
        _ = memory.ask(key, epoch: 1, now: 3 * second, waiter: answers.take)
        _ = conclude(&memory, nil, trust, now: 3 * second)
        #expect(answers.texts == ["acme"])
        #expect(find(&memory, trust, now: 3 * second) == "acme", "nobody waits for the next failure")
        #expect(find(&memory, trust, now: 4 * second) == "unsure")
        _ = memory.ask(key, epoch: 1, now: 5 * second, waiter: answers.take)
        _ = conclude(&memory, .some(nil), trust, now: 5 * second)
        #expect(answers.texts.last == "missing")
        #expect(find(&memory, trust, now: 5 * second) == "missing")
    }

    @Test("guesses push out no known record")
    func guesses() throws {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        _ = memory.ask(key, epoch: 0, now: 0, waiter: nil)
        _ = conclude(&memory, "acme")
        let hasher = try SHA256Hasher()
        for number in 0..<5000 {
            let guess = hasher.digest(Array("\(number)".utf8))
            _ = memory.ask(guess, epoch: 0, now: 0, waiter: nil)
            _ = memory.conclude(guess, .some(nil), ConsumerTrust(), now: 0)
        }
        #expect(find(&memory) == "acme")
    }

    @Test("more questions than a bound are not asked")
    func bound() throws {
        var memory = RecordMemory<String>(found: 64, missing: 64)
        let answers = Answers()
        let hasher = try SHA256Hasher()
        let sent = (0..<5000).filter {
            memory.ask(hasher.digest(Array("\($0)".utf8)), epoch: 0, now: 0, waiter: answers.take)
        }
        #expect(sent.count == 4096 && answers.texts == Array(repeating: "unavailable", count: 904))
    }
}
