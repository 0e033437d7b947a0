import ArgumentParser
import Filters
import Gateway

/// Carries a revision to the nodes: to one that tries it, and to all.
struct ConfigRollout {
    /// What became of a revision, as `--json` prints it.
    struct Outcome: Encodable {
        enum State: String, Encodable { case live, withdrawn, stored }

        let revision: Int
        let state: State
        /// Why it was withdrawn.
        let reason: String?
        let nodes: [ConfigStatus.Node]
    }

    let revisions: RevisionsInRedis
    private let nodes: NodesInRedis
    private let isQuiet: Bool
    /// How long nodes have for taking a revision: reading ten thousand routes takes a second.
    private let patience = Duration.seconds(15)

    init(_ access: SharedStateAccess, isQuiet: Bool) {
        revisions = RevisionsInRedis(access.client, namespace: access.namespace)
        nodes = NodesInRedis(access.client, namespace: access.namespace)
        self.isQuiet = isQuiet
    }

    func say(_ text: String) { if !isQuiet { Output.write(Table.harmless(text) + "\n") } }

    /// The nodes that take what is pushed.
    func followers() async throws -> [NodeReading] { try await nodes.list().filter(\.isFollowing) }

    // MARK: Trial

    /// Stores the revision and has one node try it.
    /// - Returns: nil: it may be promoted; else it was withdrawn.
    func attempt(
        _ draft: RevisionsInRedis.Draft, on canary: String, watch: Duration
    ) async throws -> (number: Int, withdrawn: Outcome?) {
        let before = try await observe(for: .seconds(2), on: canary)
        let lapse = Int((watch + patience + .seconds(30)) / .microseconds(1))
        let number = try await store(draft, canary: canary, lapse: lapse)
        say("revision \(number) is being tried on \(canary)")
        guard let reason = try await fault(of: number, on: canary, watch, before) else { return (number, nil) }
        try await revisions.withdraw(number)
        return (number, Outcome(revision: number, state: .withdrawn, reason: reason, nodes: []))
    }

    func store(_ draft: RevisionsInRedis.Draft, canary: String, lapse: Int) async throws -> Int {
        switch try await revisions.push(draft, canary: canary, lapseMicroseconds: lapse) {
        case .stored(let number): return number
        case .busy(let number, let node, let left):
            throw AnotherTrial(number: number, node: node, left: left)
        }
    }

    /// What speaks against the revision; nil: nothing.
    private func fault(
        of number: Int, on canary: String, _ watch: Duration, _ before: CanaryWatch.Counts
    ) async throws -> String? {
        let start = try await nodes.list()
        if let refusal = try await refusal(of: number, by: canary) { return refusal }
        say(
            "\(canary) has taken it; watching its errors for \(TimeText.of(microseconds: Int(watch / .microseconds(1))))"
        )
        let began = ContinuousClock.now
        var judgement = CanaryWatch()
        judgement.before = before
        repeat {
            try await Task.sleep(for: min(.milliseconds(500), watch))
            let now = try await nodes.list()
            guard let mine = now.first(where: { $0.id == canary }), let then = start.first(where: { $0.id == canary })
            else { return "\(canary) is not heard of any more" }
            guard mine.answered >= then.answered else { return "\(canary) has started anew" }
            judgement.canary = mine.counts - then.counts
            judgement.others = Self.sum(now, since: start, except: canary)
            if judgement.verdict == .worse { return Self.describe(judgement, canary) }
            guard try await revisions.overview().candidate == number else {
                return "its trial was ended by another command"
            }
        } while ContinuousClock.now - began < watch
        say(
            judgement.verdict == .untried
                ? "\(canary) had only \(judgement.canary.answered) requests meanwhile, \(judgement.canary.failed) of them failed"
                : "\(canary) failed \(Self.share(judgement.canary)) of \(judgement.canary.answered) requests, as it should"
        )
        return nil
    }

    private func refusal(of number: Int, by canary: String) async throws -> String? {
        let end = ContinuousClock.now + patience
        while ContinuousClock.now < end {
            if let answer = try await revisions.overview().revision(number)?.acknowledgement(of: canary) {
                return answer.refusal.map { "\(canary) has refused it: \($0)" }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return "\(canary) has not taken it within \(TimeText.of(microseconds: Int(patience / .microseconds(1))))"
    }

    /// What a node does before, to measure it by itself.
    private func observe(for time: Duration, on node: String) async throws -> CanaryWatch.Counts {
        func read() async throws -> CanaryWatch.Counts {
            try await nodes.list().first { $0.id == node }?.counts ?? CanaryWatch.Counts()
        }
        let first = try await read()
        try await Task.sleep(for: time)
        return try await read() - first
    }

    private static func sum(_ now: [NodeReading], since start: [NodeReading], except canary: String)
        -> CanaryWatch.Counts
    {
        now.filter { $0.id != canary }.reduce(CanaryWatch.Counts()) { sum, node in
            guard let then = start.first(where: { $0.id == node.id }) else { return sum }
            return sum + (node.counts - then.counts)
        }
    }

    private static func share(_ counts: CanaryWatch.Counts) -> String {
        let tenths = Int((counts.share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }

    private static func describe(_ judgement: CanaryWatch, _ canary: String) -> String {
        "\(canary) failed \(share(judgement.canary)) of \(judgement.canary.answered) requests; the other nodes \(share(judgement.others)), itself before \(share(judgement.before))"
    }

    // MARK: All nodes

    /// Makes the revision live, and waits for the nodes to take it.
    func promote(_ number: Int, isRollback: Bool = false) async throws -> Outcome {
        try await revisions.promote(number, isRollback: isRollback)
        let end = ContinuousClock.now + patience
        var status = ConfigStatus(try await revisions.overview(), try await nodes.list())
        // A refusal is final; what is only behind may still come.
        while ContinuousClock.now < end, status.nodes.contains(where: { !$0.inStep && $0.reason == nil }) {
            try await Task.sleep(for: .milliseconds(100))
            status = ConfigStatus(try await revisions.overview(), try await nodes.list())
        }
        return Outcome(revision: number, state: .live, reason: nil, nodes: status.nodes.filter { $0.from != "file" })
    }

    /// Tells the outcome.
    /// - Parameter isWanted: whether a withdrawal is what was asked for.
    /// - Throws: exit status 1 if it is not what was wanted.
    func finish(_ outcome: Outcome, isWanted: Bool = false) async throws {
        if isQuiet { try Output.write(json: outcome) } else { Output.write(Self.text(outcome)) }
        let isFine = outcome.state == .live ? outcome.nodes.allSatisfy(\.inStep) : isWanted
        guard isFine else { throw ExitCode.failure }
    }

    private static func text(_ outcome: Outcome) -> String {
        switch outcome.state {
        case .withdrawn: return "revision \(outcome.revision) was withdrawn: \(outcome.reason ?? "")\n"
        case .stored:
            return "revision \(outcome.revision) is stored; sluice config promote \(outcome.revision) makes it live\n"
        case .live: break
        }
        var text = "revision \(outcome.revision) is live"
        let lagging = outcome.nodes.filter { !$0.inStep }
        text += ", taken by \(outcome.nodes.count - lagging.count) of \(outcome.nodes.count) nodes that follow\n"
        for node in lagging {
            let reason = node.reason ?? "has not taken it yet"
            text += "  \(Table.harmless(node.node)): \(Table.harmless(reason))\n"
        }
        if !lagging.isEmpty { text += "they serve on with what they have; sluice config status tells more\n" }
        if outcome.nodes.isEmpty { text += "no node follows yet: sluice run --config redis --redis URL\n" }
        return text
    }
}

extension NodeReading {
    fileprivate var counts: CanaryWatch.Counts { .init(answered: answered, failed: failed) }
}

private struct AnotherTrial: Error, CustomStringConvertible {
    let number: Int
    let node: String
    let left: Int

    var description: String {
        "revision \(number) is being tried on \(node), for at most \(TimeText.of(microseconds: left)) more; wait, or end it: sluice config rollback"
    }
}
