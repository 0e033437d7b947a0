import ArgumentParser
import Filters
import Foundation
import RedisClient

/// `sluice limits`: the shared limits, from Redis alone.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Show and change the shared limits.",
        discussion: """
            Examples:
              sluice limits                                  the scarcest first
              sluice limits --policy users.consumer --json
              sluice limits watch
              sluice limits explain acme                     would one more request of acme be admitted?
              sluice limits reset users.consumer acme
              sluice limits grant users.consumer acme 50
            """,
        subcommands: [List.self, Watch.self, Explain.self, Reset.self, Grant.self], defaultSubcommand: List.self)

    /// Which buckets.
    struct Choice: ParsableArguments {
        @OptionGroup var state: StateOptions
        @Option(help: "Only this policy, as in its key: users.consumer, plan.gold …") var policy: String?
        @Option(help: "Only this subject.") var subject: String?
        @Option(help: "Buckets at most.") var limit: Int = 50

        /// The chosen buckets, the scarcest first.
        func read(_ reader: SharedStateReader) async throws -> [BucketReading] {
            let pattern = "{\(policy.map(escaped) ?? "*"):\(subject.map(escaped) ?? "*")}"
            var readings: [String: BucketReading] = [:]
            for kind in ["bucket", "concurrency"] {
                for key in try await reader.client.scan(match: "\(escaped(reader.namespace)):\(kind):\(pattern)") {
                    let bucketKey = key.replacingOccurrences(of: ":concurrency:{", with: ":bucket:{")
                    guard readings[bucketKey] == nil else { continue }
                    readings[bucketKey] = try await reader.bucket(bucketKey)
                }
            }
            return Array(
                readings.values.sorted { ($0.level, $0.policy, $0.subject) < ($1.level, $1.policy, $1.subject) }
                    .prefix(max(1, limit)))
        }

        /// As text in a pattern of SCAN.
        private func escaped(_ text: String) -> String {
            String(text.flatMap { "*?[]\\".contains($0) ? ["\\", $0] : [$0] })
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List buckets, the scarcest first.")
        @OptionGroup var choice: Choice

        func run() async throws {
            let reader = try await choice.state.connect()
            let readings = try await choice.read(reader)
            await reader.close()
            if choice.state.json { return try printJSON(readings) }
            print(readings.isEmpty ? "No limits are in use: all buckets are full." : table(readings))
        }
    }

    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List them anew each second, until Ctrl-C.")
        @OptionGroup var choice: Choice
        @Option(help: "Times; until Ctrl-C if not given.") var count: Int = .max

        func run() async throws {
            let reader = try await choice.state.connect()
            let isTerminal = isatty(STDOUT_FILENO) == 1
            for round in 0..<max(1, count) {
                if round > 0 { try await Task.sleep(for: .seconds(1)) }
                let readings = try await choice.read(reader)
                if choice.state.json {
                    try printJSON(readings)
                } else {
                    print((isTerminal ? "\u{1B}[2J\u{1B}[H" : "") + table(readings))
                }
                fflush(nil)
            }
            await reader.close()
        }
    }

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say of one subject whether its limits would admit one more request, and if not, when.")
        @OptionGroup var choice: Choice
        @Argument(help: "The subject: a consumer, an address, a route …") var name: String

        func run() async throws {
            var choice = choice
            choice.subject = name
            let reader = try await choice.state.connect()
            let readings = try await choice.read(reader)
            await reader.close()
            if choice.state.json { return try printJSON(readings) }
            guard !readings.isEmpty else {
                return print("\(name): no limit has been used lately; all its buckets are full.")
            }
            for reading in readings { print(explanation(reading)) }
        }

        private func explanation(_ reading: BucketReading) -> String {
            let leased = reading.leases.reduce(0) { $0 + $1.amount }
            let lines = reading.windows.map { window in
                let verdict =
                    window.waitMicroseconds == 0
                    ? "admits" : "refuses, for \(spanText(microseconds: window.waitMicroseconds))"
                return "  \(window.rate): \(verdict); \(window.tokens) of \(window.capacity) left"
                    + (leased > 0 ? ", and \(leased) lent to \(reading.leases.count) workers" : "")
            }
            let places = reading.concurrency.map { ["  \($0) requests under way"] } ?? []
            return (["\(reading.policy):"] + lines + places).joined(separator: "\n")
        }
    }

    struct Reset: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Fill a subject's buckets of a policy.")
        @OptionGroup var state: StateOptions
        @Argument(help: "The policy, such as users.consumer.") var policy: String
        @Argument(help: "The subject.") var subject: String

        func run() async throws {
            let reader = try await state.connect()
            let reading = try await reader.existing(policy, subject)
            try await reader.client.send("DEL", reading.key, routedBy: reading.key)
            try await reader.announce(reading)
            await reader.close()
            if state.json { return try printJSON(reading) }
            print("Was:\n\(table([reading]))\nNow all its buckets are full.")
        }
    }

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a subject tokens back, in each window of a policy, up to its capacity.")
        @OptionGroup var state: StateOptions
        @Argument(help: "The policy, such as users.consumer.") var policy: String
        @Argument(help: "The subject.") var subject: String
        @Argument(help: "Tokens.") var tokens: Int

        func validate() throws {
            guard tokens > 0 else { throw ValidationError("TOKENS is \(tokens); expected at least 1") }
        }

        func run() async throws {
            let reader = try await state.connect()
            let reading = try await reader.existing(policy, subject)
            let script = String(decoding: LimitScripts.grant, as: UTF8.self)
            try await reader.client.send("EVAL", script, "1", reading.key, "\(tokens)", routedBy: reading.key)
            try await reader.announce(reading)
            let after = try await reader.bucket(reading.key) ?? reading
            await reader.close()
            if state.json { return try printJSON(after) }
            print(table([after]))
        }
    }

    private static func table(_ readings: [BucketReading]) -> String {
        var table = TextTable("POLICY", "SUBJECT", "WINDOW", "LEFT", "OF", "RATE", "FULL IN", "LEASES", "UNDER WAY")
        for reading in readings {
            let leased = reading.leases.reduce(0) { $0 + $1.amount }
            let leases = reading.leases.isEmpty ? "-" : "\(leased) in \(reading.leases.count)"
            let places = reading.concurrency.map(String.init) ?? "-"
            for window in reading.windows {
                table.add(
                    reading.policy, reading.subject, window.name, "\(window.tokens)", "\(window.capacity)", window.rate,
                    spanText(microseconds: window.fullInMicroseconds), leases, places)
            }
            if reading.windows.isEmpty {
                table.add(reading.policy, reading.subject, "concurrency", "-", "-", "-", "-", "-", places)
            }
        }
        return table.text
    }
}

extension SharedStateReader {
    /// A bucket with the places of its subject; nil if there is neither.
    fileprivate func bucket(_ key: String) async throws -> BucketReading? {
        let now = try await now()
        let places = key.replacingOccurrences(of: ":bucket:{", with: ":concurrency:{")
        let taken = try await client.send("ZCOUNT", places, "\(now)", "+inf", routedBy: places).integer ?? 0
        let fields = try await hash(key)
        guard !fields.isEmpty || taken > 0 else { return nil }
        var reading = BucketReading(key: key, fields: fields, now: now)
        if taken > 0 { reading?.concurrency = taken }
        return reading
    }

    fileprivate func existing(_ policy: String, _ subject: String) async throws -> BucketReading {
        let key = "\(namespace):bucket:{\(policy):\(subject)}"
        guard let reading = try await bucket(key) else {
            throw fail(
                "sluice limits: \(key) does not exist: nothing of it is used up, or the names differ; see sluice limits"
            )
        }
        return reading
    }

    /// Nodes know until when a subject is refused, and don't ask before; they forget that when they hear this.
    fileprivate func announce(_ reading: BucketReading) async throws {
        try await client.publish("limits \(reading.policy):\(reading.subject)", to: "\(namespace):events")
    }
}
