import Policies
import TestSupport
import Testing

@testable import Filters

@Suite("every rate-limit store", .ownThreads)
struct StoreConformanceTests {
    /// A time of the kind that Redis tells.
    private let start = 1_800_000_000 * second

    @Test("a new bucket is full, is charged token by token, and refuses when empty", arguments: StoreKind.allCases)
    func emptying(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = limit((3, second))
        for left in [2, 1, 0] {
            let answer = try await store.take(policy, at: start)
            #expect(answer.isAdmitted && answer.remaining == [left] && answer.waits == [0])
            #expect(answer.windows[0].resetMicroseconds == (1_000_000 * (3 - left) + 2) / 3)
        }
        let refused = try await store.take(policy, at: start)
        #expect(refused.outcome == .refused && refused.remaining == [0] && refused.waits == [333_334])
        #expect(refused.windows[0].resetMicroseconds == 1_000_000)
    }

    @Test("a token is there exactly at the end of the wait, not a microsecond before", arguments: StoreKind.allCases)
    func exactWait(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = limit((7, minute), capacity: 2)
        var now = start
        #expect(try await store.take(policy, cost: 2, at: now).isAdmitted)
        for _ in 0..<20 {
            let wait = try await store.take(policy, at: now).waits[0]
            #expect(try await store.take(policy, at: now + wait - 1).outcome == .refused)
            now += wait
            #expect(try await store.take(policy, at: now).isAdmitted)
        }
        // 20 tokens at 7/minute, rounded up once and not twenty times.
        #expect(now - start == (20 * minute + 6) / 7)
    }

    @Test("subjects and policies have buckets of their own", arguments: StoreKind.allCases)
    func separation(kind: StoreKind) async throws {
        let store = try await kind.make()
        let long = String(repeating: "x", count: 300)
        let subjects = [
            "a", "b", "", "a:b", "}", "{", " ", "%7D", "ü", long + "1", long + "2", String(long.prefix(64)),
        ]
        for name in ["p", "p:a", "p}"] {
            let policy = limit(named: name, (1, hour))
            for subject in subjects {
                #expect(try await store.take([Ask(policy: policy, subject: subject)], at: start).isAdmitted)
            }
            for subject in subjects {
                let again = try await store.take([Ask(policy: policy, subject: subject)], at: start)
                #expect(again.outcome == .refused, "\(name) \(subject)")
            }
        }
    }

    @Test("a request may cost several tokens, or more than there can ever be", arguments: StoreKind.allCases)
    func costs(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = limit((10, second))
        #expect(try await store.take(policy, cost: 7, at: start).remaining == [3])
        let refused = try await store.take(policy, cost: 4, at: start)
        #expect(refused.outcome == .refused && refused.waits == [100_000] && refused.remaining == [3])
        #expect(try await store.take(policy, cost: 11, at: start).waits == [TokenBucket.longestWait])
        #expect(try await store.take(policy, cost: 0, at: start).remaining == [3])
        #expect(try await store.take(policy, cost: 4, at: start + 100_000).remaining == [0])
    }

    @Test("an edited capacity keeps the share that was left", arguments: StoreKind.allCases)
    func editedCapacity(kind: StoreKind) async throws {
        let store = try await kind.make()
        #expect(try await store.take(limit((100, hour)), cost: 60, at: start).remaining == [40])
        #expect(try await store.take(limit((1000, hour)), at: start).remaining == [399])
        #expect(try await store.take(limit((10, hour)), at: start).remaining == [2])
        #expect(try await store.take(limit((1_000_000_000, hour)), cost: 0, at: start).remaining == [200_000_000])
    }

    @Test(
        "an edited rate keeps the tokens, gives up the begun one, and counts on by itself",
        arguments: StoreKind.allCases)
    func editedRate(kind: StoreKind) async throws {
        let store = try await kind.make()
        #expect(try await store.take(limit((10, hour), capacity: 5), cost: 5, at: start).remaining == [0])
        let begun = start + 6 * minute - 1
        #expect(try await store.take(limit((10, hour), capacity: 5), at: begun).waits == [1])
        #expect(try await store.take(limit((1, hour), capacity: 5), at: begun).waits == [54 * minute + 1])
        // Seen at the slower rate even by refusals: an hour after the start one token is there, and not ten.
        #expect(try await store.take(limit((1, hour), capacity: 5), at: start + hour).remaining == [0])
        #expect(try await store.take(limit((1, hour), capacity: 5), at: start + hour).outcome == .refused)
    }

    @Test("a window that is added starts full, and one that comes back goes on", arguments: StoreKind.allCases)
    func addedWindow(kind: StoreKind) async throws {
        let store = try await kind.make()
        #expect(try await store.take(limit((10, second), (20, hour)), cost: 4, at: start).remaining == [6, 16])
        #expect(try await store.take(limit((30, minute), (10, second)), at: start).remaining == [29, 5])
        #expect(try await store.take(limit((20, hour)), at: start).remaining == [15])
    }

    @Test("a clock that goes backwards neither gives nor takes", arguments: StoreKind.allCases)
    func backwards(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = limit((2, second))
        #expect(try await store.take(policy, at: start).remaining == [1])
        #expect(try await store.take(policy, at: start - hour).remaining == [0])
        #expect(try await store.take(policy, at: start - minute).outcome == .refused)
        #expect(try await store.take(policy, at: start + second / 2).remaining == [0])
    }

    @Test("a bucket left alone for years is full, and no fuller", arguments: StoreKind.allCases)
    func years(kind: StoreKind) async throws {
        let store = try await kind.make()
        let policy = limit((1_000_000_000, 1), (1, 366 * 24 * hour), capacity: 7)
        #expect(try await store.take(policy, at: start).remaining == [6, 6])
        #expect(try await store.take(policy, at: start + 100 * 366 * 24 * hour).remaining == [6, 6])
    }
}
