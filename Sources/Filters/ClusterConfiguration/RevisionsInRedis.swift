import RedisClient

/// The configurations of a cluster as they stand in Redis: pushed by operators, tried by one node, followed by all.
///
/// Every step is one script, so two operators can't get in each other's way, and a candidate whose pusher has gone lapses.
package struct RevisionsInRedis: Sendable {
    /// Of one revision's text: several of them have to fit into Redis and into one reply.
    package static let mostBytes = 4 << 20
    /// How many revisions are kept (`revisions.lua`).
    package static let kept = 20

    private let client: RedisClient
    private let root: String
    private let channel: String

    package init(_ client: RedisClient, namespace: String) {
        self.client = client
        root = "\(namespace):config:{revisions}"
        channel = "\(namespace):events"
    }

    /// Whether a message on the channel of events is about configurations.
    package static func isNews(_ payload: [UInt8]) -> Bool { payload.starts(with: Array("config ".utf8)) }

    // MARK: Steps of a rollout

    package struct Draft: Sendable {
        package var text: String
        package var digest: String
        package var author: String
        package var note: String

        package init(text: String, digest: String, author: String, note: String) {
            self.text = text
            self.digest = digest
            self.author = author
            self.note = note
        }
    }

    package enum Pushed: Hashable, Sendable {
        case stored(Int)
        /// Another one is being tried; for as long as it says.
        case busy(number: Int, node: String, leftMicroseconds: Int)
    }

    /// Stores a revision.
    /// - Parameters:
    ///   - canary: the node that tries it; empty: none, it waits to be promoted.
    ///   - lapse: µs after which the trial ends by itself.
    package func push(_ draft: Draft, canary: String, lapseMicroseconds lapse: Int) async throws -> Pushed {
        let reply = try await run(
            PackageResources.push_lua,
            [draft.text, draft.digest, draft.author, draft.note, canary, "\(lapse)", channel])
        if let number = reply.integer {
            try await announce(number, "candidate")
            return .stored(number)
        }
        let words = reply.elements
        guard words.count == 3, let number = words[0].integer, let node = words[1].text, let left = words[2].integer
        else { throw RedisError.unexpectedReply("a revision's number of push.lua") }
        return .busy(number: number, node: node, leftMicroseconds: left)
    }

    /// Makes a revision live. What was live before is the last good one, unless it is rolled back from.
    /// - Returns: what was live before.
    @discardableResult
    package func promote(_ number: Int, isRollback: Bool = false) async throws -> Int? {
        let reply = try await run(
            PackageResources.promote_lua, ["\(number)", isRollback ? "rollback" : "", channel])
        try await announce(number, "live")
        return reply.integer
    }

    /// Ends the trial of a candidate; its node goes back.
    /// - Parameter number: nil: whichever is tried.
    /// - Returns: its number; nil: it was not being tried.
    @discardableResult
    package func withdraw(_ number: Int? = nil) async throws -> Int? {
        let reply = try await run(PackageResources.withdraw_lua, [number.map { "\($0)" } ?? "", channel])
        if let number = reply.integer { try await announce(number, "withdrawn") }
        return reply.integer
    }

    // MARK: A node's side

    /// What a node is to run.
    package struct Order: Hashable, Sendable {
        package let number: Int
        package let isCandidate: Bool
        /// Of a candidate, until it lapses.
        package let leftMicroseconds: Int
        /// Nil: the node has it.
        package let text: String?
    }

    /// - Parameter known: the revision whose text the node has.
    /// - Returns: nil: no revision is live.
    package func look(node: String, known: Int?) async throws -> Order? {
        let reply = try await run(PackageResources.order_lua, [node, known.map { "\($0)" } ?? ""])
        if reply == .null { return nil }
        let words = reply.elements
        guard words.count == 4, let number = words[0].integer, let state = words[1].text, let left = words[2].integer,
            let text = words[3].text
        else { throw RedisError.unexpectedReply("number, state, time and text of order.lua") }
        return Order(
            number: number, isCandidate: state == "candidate", leftMicroseconds: left,
            text: number == known ? nil : text)
    }

    /// - Parameter refusal: why the node does not run it; nil: it does.
    package func acknowledge(_ number: Int, node: String, refusal: String?) async throws {
        let reason = String((refusal ?? "").prefix(2000))
        _ = try await run(
            PackageResources.acknowledge_lua, [node, "\(number)", refusal == nil ? "ok" : "error", reason])
    }

    // MARK: Reading

    package func overview() async throws -> RevisionOverview {
        let now = try await client.time(routedBy: root)
        let fields = try await client.send("HGETALL", root, routedBy: root).dictionary
        let numbers = try await client.send("ZREVRANGE", "\(root):list", "0", "-1", routedBy: root).elements
        var overview = RevisionOverview(fields: fields, now: now)
        for number in numbers.compactMap(\.integer) {
            if let revision = try await read(number, now: now, overview) { overview.revisions.append(revision) }
        }
        return overview
    }

    /// With its text; nil: there is none of this number.
    package func text(of number: Int) async throws -> String? {
        try await client.send("HGET", "\(root):\(number)", "text", routedBy: root).text
    }

    private func read(_ number: Int, now: Int, _ overview: RevisionOverview) async throws -> RevisionReading? {
        let key = "\(root):\(number)"
        let names = try await client.send("HKEYS", key, routedBy: root).elements.compactMap(\.text)
        // All but the text, which may be long.
        let wanted = names.filter { $0 != "text" }
        guard !wanted.isEmpty else { return nil }
        let values = try await client.send(["HMGET", key] + wanted, routedBy: root).elements
        let fields = Dictionary(zip(wanted, values.map { $0.text ?? "" })) { first, _ in first }
        let size = try await client.send("HSTRLEN", key, "text", routedBy: root).integer ?? 0
        return RevisionReading(number: number, fields: fields, bytes: size, now: now, candidate: overview.candidate)
    }

    // MARK: Calls

    private func run(_ script: [UInt8], _ arguments: [String]) async throws -> RedisValue {
        let source = String(decoding: PackageResources.revisions_lua + script, as: UTF8.self)
        return try await client.send(["EVAL", source, "2", root, "\(root):list"] + arguments, routedBy: root)
    }

    /// In a cluster a script's message may not reach the channel's listeners on other servers before Redis 7.
    private func announce(_ number: Int, _ state: String) async throws {
        try await client.publish("config \(number) \(state)", to: channel)
    }
}
