import ArgumentParser
import Filters
import Gateway

/// `sluice limits explain`: all that is held against one subject.
struct LimitsExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Tell whether one more request of a subject would be admitted, and if not, when.",
        discussion: """
            A subject is what a policy counts by: a consumer's id, an address, the value of a header or claim.

            Examples:
              sluice limits explain acme
              sluice limits explain 203.0.113.7 --json
            """)

    @Argument(help: "The subject, as it is or as Redis shows it.")
    var subject: String

    @OptionGroup var state: SharedStateOptions

    func run() async throws {
        try await state.run("sluice limits explain") { access in
            let limits = LimitsInRedis(access.client, namespace: access.namespace)
            let name = BucketName(policy: "", subject: subject)
            let readings = try await limits.list(subject: name.subject).readings.sorted { $0.policy < $1.policy }
            if state.json { return try Output.write(json: LimitsJSON(readings)) }
            Output.write(LimitsExplanation(subject: subject, readings).text)
        }
    }
}

/// What the buckets of one subject mean for its next request.
struct LimitsExplanation {
    let text: String

    init(subject: String, _ readings: [BucketReading]) {
        let subject = Table.harmless(subject)
        guard !readings.isEmpty else {
            text = "\(subject) would be admitted: it has no bucket, so all of its limits are full\n"
            return
        }
        var table = Table(
            ("POLICY", .left), ("WINDOW", .left), ("ONE MORE REQUEST", .left), ("LEFT", .right), ("", .left))
        for reading in readings {
            for window in reading.windows {
                table.append(
                    reading.policy, window.name, Self.verdict(window), "\(window.tokens)",
                    "of \(window.capacity), full in \(window.fullMicroseconds.map(TimeText.of) ?? "?")")
            }
            if reading.placesInUse > 0 {
                table.note("requests of \(reading.policy) in flight: \(reading.placesInUse)")
            }
            for lease in LimitsTable.leases(of: reading) {
                table.note("\(lease): that node may admit as many itself")
            }
        }
        text = table.text + Self.summary(subject, readings)
    }

    private static func verdict(_ window: BucketReading.Window) -> String {
        switch window.waitMicroseconds {
        case nil: "unknown: its rate can't be read"
        case 0?: "admitted"
        case let wait?: "refused for \(TimeText.of(microseconds: wait))"
        }
    }

    private static func summary(_ subject: String, _ readings: [BucketReading]) -> String {
        let refusing = readings.filter { $0.waitMicroseconds != 0 }
        guard let longest = refusing.compactMap(\.waitMicroseconds).max() else {
            return refusing.isEmpty
                ? "\(subject) would be admitted by all of these\n" : "whether \(subject) would be admitted is unknown\n"
        }
        let names = refusing.map(\.policy).joined(separator: ", ")
        return "\(subject) would be refused where \(names) applies; in \(TimeText.of(microseconds: longest)) by none\n"
    }
}
