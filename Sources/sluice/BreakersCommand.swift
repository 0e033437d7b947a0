import ArgumentParser
import Filters
import Foundation
import RedisClient

/// `sluice breakers`: the cluster's circuit breakers, from Redis alone.
struct BreakersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "breakers",
        abstract: "Show and force the cluster's circuit breakers.",
        discussion: """
            Examples:
              sluice breakers
              sluice breakers force users open --for 10m
              sluice breakers force users auto               by the usual rules again
            """,
        subcommands: [List.self, Force.self], defaultSubcommand: List.self)

    private struct Breaker: Encodable {
        let upstream: String
        let fields: [String: String]
        let forMicroseconds: Int?
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List breakers that have something to tell.")
        @OptionGroup var state: StateOptions

        func run() async throws {
            let reader = try await state.connect()
            let now = try await reader.now()
            let start = "\(reader.namespace):breaker:{"
            var breakers: [Breaker] = []
            for key in try await reader.client.scan(match: "\(start)*}") {
                let fields = try await reader.hash(key)
                let since = fields["since"].flatMap { Int($0) }.map { max(0, now - $0) }
                breakers.append(
                    Breaker(
                        upstream: String(key.dropFirst(start.count).dropLast()), fields: fields, forMicroseconds: since)
                )
            }
            await reader.close()
            if state.json { return try printJSON(breakers) }
            guard !breakers.isEmpty else { return print("All breakers are closed, with nothing counted lately.") }
            print(table(breakers))
        }

        private func table(_ breakers: [Breaker]) -> String {
            var table = TextTable("UPSTREAM", "STATE", "FOR", "CALLS", "FAILED", "SLOW", "IN A ROW", "NODES", "CAUSE")
            for breaker in breakers {
                let fields = breaker.fields
                let nodes = fields.keys.filter { $0.hasPrefix("traffic:") }.count
                table.add(
                    breaker.upstream, fields["state"] ?? "closed", spanText(microseconds: breaker.forMicroseconds),
                    fields["calls"] ?? "0", fields["failed"] ?? "0", fields["slow"] ?? "0",
                    fields["consecutive"] ?? "0", "\(nodes)",
                    fields["forced"].map { "forced \($0)" } ?? fields["cause"] ?? "-")
            }
            return table.text
        }
    }

    enum Order: String, ExpressibleByArgument, CaseIterable { case open, closed, auto }

    struct Force: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open or close a breaker on all nodes for a while, or leave it to the usual rules again.")
        @OptionGroup var state: StateOptions
        @Argument(help: "The upstream.") var upstream: String
        @Argument(help: "open: refuse all; closed: let all pass; auto: by the usual rules.") var order: Order
        @Option(name: .customLong("for"), help: "How long, such as 30s, 10m or 1h.") var duration: String = "10m"

        func run() async throws {
            let microseconds = try microseconds()
            let reader = try await state.connect()
            let (namespace, upstream, order) = (reader.namespace, self.upstream, self.order)
            let done = try await reader.client.force(
                namespace, upstream, .init(rawValue: order.rawValue) ?? .auto, microseconds)
            await reader.close()
            guard done else { throw fail("sluice breakers: Redis could not be asked about \(upstream)") }
            let span = order == .auto ? "" : " for \(duration)"
            if state.json { return try printJSON(["upstream": upstream, "order": order.rawValue]) }
            print("\(upstream): \(order.rawValue)\(span), on all nodes")
        }

        private func microseconds() throws -> Int {
            let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600]
            guard let unit = duration.last.flatMap({ units[$0] }), let count = Int(duration.dropLast()),
                (1...86_400 / unit).contains(count)
            else { throw fail("sluice breakers: --for \(duration): expected a time such as 30s, 10m or 1h, up to 24h") }
            return count * unit * 1_000_000
        }
    }
}
