import Policies
import TestSupport
import Testing

@testable import Filters

@Suite("the in-memory store")
struct InMemoryStoreTests {
    private let start = 1_800_000_000 * second

    @Test("it keeps no more subjects than it may, and forgets full buckets first")
    func bounded() async throws {
        let buckets = SharedBuckets(maximumSubjects: 64 * SharedBuckets.shardCount)
        let store = MemoryUnderTest(buckets)
        let (fast, slow) = (limit(named: "fast", (10, second)), limit(named: "slow", (1, hour)))
        let keepers = (0..<20).map { Ask(policy: slow, subject: "keeper \($0)") }
        for keeper in keepers { #expect(try await store.take([keeper], at: start).isAdmitted) }
        for number in 0..<20_000 {
            _ = try await store.take([Ask(policy: fast, subject: "passer-by \(number)")], at: start + number * 10)
        }
        #expect(buckets.count <= 64 * SharedBuckets.shardCount)
        for keeper in keepers { #expect(try await store.take([keeper], at: start).outcome == .refused) }
    }

    @Test("buckets that are full again leave as others come, long before the bound")
    func shrinking() async throws {
        let buckets = SharedBuckets()
        let store = MemoryUnderTest(buckets)
        let policy = limit((10, second))
        for number in 0..<20_000 {
            _ = try await store.take([Ask(policy: policy, subject: "\(number)")], at: start + number * 1000)
        }
        // Each is full after 100 ms, in which 100 others come.
        #expect(buckets.count < 1000)
    }

    @Test("two threads that ask for the same shards in any order neither wait for ever nor over-admit")
    func concurrent() async throws {
        let buckets = SharedBuckets()
        let policies = (0..<6).map { limit(named: "p\($0)", (1000, hour)) }
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for seed in 1...4 as ClosedRange<UInt64> {
                group.addTask {
                    var random = SplitMix(state: seed)
                    let store = MemoryUnderTest(buckets)
                    var admitted = 0
                    for _ in 0..<500 {
                        let asks = policies.shuffled(using: &random).map { Ask(policy: $0) }
                        if try await store.take(asks, at: 1000).isAdmitted { admitted += 1 }
                    }
                    return admitted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(admitted == 1000)
        let last = try await MemoryUnderTest(buckets).take(policies.map { Ask(policy: $0, cost: 0) }, at: 1000)
        #expect(last.remaining == [0, 0, 0, 0, 0, 0])
    }
}
