import ArgumentParser
import Filters
import Gateway

/// `sluice cache list`: every stored response.
struct CacheListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show the stored responses.",
        discussion: """
            FRESH is how long a response still is fresh; STALE ones are kept for as long as they may stand in, or can be
            validated.

            Examples:
              sluice cache list --containing /users/
              sluice cache list --limit 10 --json
            """)

    @Option(help: "Only keys in which this text occurs.")
    var containing = ""

    @Option(help: "How many to show.")
    var limit = 50

    @OptionGroup var state: SharedStateOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit \(limit): expected at least 1") }
    }

    func run() async throws {
        try await state.run("sluice cache") { access in
            let (readings, isComplete) = try await CacheInRedis(access.client, namespace: access.namespace)
                .list(containing: containing)
            let shown = Array(readings.prefix(limit))
            if state.json {
                return try Output.write(json: CacheJSON(shown, found: readings.count, isComplete: isComplete))
            }
            guard !readings.isEmpty else {
                let kind = containing.isEmpty ? "" : "such "
                return Output.write("no \(kind)cached response in namespace \(access.namespace)\n")
            }
            var text = CacheTable.text(shown)
            if readings.count > shown.count { text += "\(readings.count - shown.count) more; --limit shows them\n" }
            if !isComplete { text += "only \(CacheInRedis.mostKeys) keys were looked at; choose with --containing\n" }
            Output.write(text)
        }
    }
}

/// Stored responses as a table.
enum CacheTable {
    static func text(_ readings: [CacheInRedis.Reading]) -> String {
        var table = Table(
            ("URL", .left), ("VARIANT", .left), ("STATUS", .right), ("BYTES", .right), ("AGE", .right),
            ("FRESH", .right), ("KEPT", .right), ("TAGS", .left))
        for reading in readings {
            table.append(
                reading.key, reading.variant == "-" ? "" : reading.variant, "\(reading.status)", "\(reading.bytes)",
                TimeText.of(microseconds: reading.age),
                reading.isStale ? "STALE" : TimeText.of(microseconds: reading.fresh - reading.age),
                TimeText.of(microseconds: max(0, reading.expiry) * 1000), reading.tags.joined(separator: " "))
        }
        return table.text
    }
}
