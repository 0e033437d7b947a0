import Filters
import Policies

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
                    reading.policy, window.name, Self.verdict(window.ready), "\(window.tokens)",
                    "of \(window.capacity)\(Self.full(window.full))")
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

    private static func verdict(_ ready: BucketReading.Instant) -> String {
        switch ready {
        case .now: "admitted"
        case .after(let microseconds): "refused for \(TimeText.of(microseconds: microseconds))"
        case .end(let unit): "refused until the \(unit.rawValue) ends"
        case .unknown: "unknown: what is stored can't be read"
        }
    }

    private static func full(_ full: BucketReading.Instant) -> String {
        switch full {
        case .now, .unknown: ""
        case .after(let microseconds): ", full in \(TimeText.of(microseconds: microseconds))"
        case .end(let unit): ", full when the \(unit.rawValue) ends"
        }
    }

    private static func summary(_ subject: String, _ readings: [BucketReading]) -> String {
        let refusing = readings.filter { reading in reading.windows.contains { $0.ready != .now } }
        guard !refusing.isEmpty else { return "\(subject) would be admitted by all of these\n" }
        let instants = refusing.flatMap(\.windows).map(\.ready)
        let names = refusing.map(\.policy).joined(separator: ", ")
        if instants.contains(.unknown) { return "\(subject) may be refused where \(names) applies\n" }
        return "\(subject) would be refused where \(names) applies; \(end(instants))\n"
    }

    /// When none refuses any more.
    private static func end(_ instants: [BucketReading.Instant]) -> String {
        let waits = instants.compactMap { if case .after(let microseconds) = $0 { microseconds } else { nil } }
        let units = instants.compactMap { if case .end(let unit) = $0 { unit } else { nil } }
        let names = RateWindow.CalendarUnit.allCases.filter(units.contains).map(\.rawValue)
        if !names.isEmpty { return "by none once the \(names.joined(separator: " and the ")) is over" }
        return "in \(TimeText.of(microseconds: waits.max() ?? 0)) by none"
    }
}
