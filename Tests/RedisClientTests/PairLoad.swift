import NIOCore
import RedisClient
import TestSupport

/// A script that counts in two keys of one slot, called over and over for many slots; and what became of the calls.
final class PairLoad {
    struct Report: Sendable {
        /// Calls that were answered with a reply, for each tag.
        var replies: [String: Int] = [:]
        /// Calls that were not, by their error.
        var failures: [String: Int] = [:]
        /// Answers for a call; one, if all is well.
        var mostAnswers = 0
        var calls = 0
    }

    struct Running: Sendable {
        let client: RedisClient
        fileprivate let load: NIOLoopBound<PairLoad>

        func report() async throws -> Report { try await client.onLoop { _ in load.value.report } }

        /// Waits until this many more calls have had replies.
        func waitForReplies(_ count: Int) async throws {
            let wanted = try await report().replies.values.reduce(count, +)
            try await eventually("\(count) more replies", within: .seconds(20)) {
                let report = try await report()
                guard report.replies.values.reduce(0, +) >= wanted else { throw TestFailure("\(report.failures)") }
                return true
            }
        }

        /// Stops calling, and returns what became of all calls.
        func stop() async throws -> Report {
            try await client.onLoop { _ in load.value.isStopped = true }
            try await eventually("nothing is pending") { try await client.onLoop { $0.pendingCommands } == 0 }
            return try await report()
        }
    }

    private static let script = RedisScript(
        name: "pair", source: Array("redis.call('INCR', KEYS[1]); return redis.call('INCR', KEYS[2])".utf8))

    private let link: RedisLink
    private let script: RedisScriptID
    private let tags: [String]
    private var answers: [Int] = []
    private var report = Report()
    private var isStopped = false
    private var turn = 0

    private init(_ link: RedisLink, tags: [String]) {
        self.link = link
        self.tags = tags
        script = link.register(Self.script)
    }

    /// - Parameter tags: each names a slot by its pair of keys, `{<tag>}a` and `{<tag>}b`.
    static func start(_ client: RedisClient, tags: [String]) async throws -> Running {
        let load = try await client.onLoop { link in
            let load = PairLoad(link, tags: tags)
            load.callSome()
            return NIOLoopBound(load, eventLoop: link.eventLoop)
        }
        return Running(client: client, load: load)
    }

    private func callSome() {
        guard !isStopped else { return }
        for _ in 0..<5 {
            turn += 1
            call(tags[turn % tags.count], isRouted: turn % 2 == 0)
        }
        link.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.callSome() }
    }

    private func call(_ tag: String, isRouted: Bool) {
        let id = answers.count
        answers.append(0)
        report.calls += 1
        link.call(script, slot: isRouted ? RedisSlot(of: tag) : nil, keys: 2, arguments: 0) { writer in
            writer.append("{\(tag)}a")
            writer.append("{\(tag)}b")
        } completion: { [self] result in
            answers[id] += 1
            report.mostAnswers = max(report.mostAnswers, answers[id])
            switch result {
            case .success: report.replies[tag, default: 0] += 1
            case .failure(let error): report.failures["\(error)", default: 0] += 1
            }
        }
    }
}
