import Filters
import Policies

/// Buckets as a table: a row for each window, and a line for each lease.
enum LimitsTable {
    private static let mostLeases = 8

    static func text(_ readings: [BucketReading]) -> String {
        var table = Table(
            ("POLICY", .left), ("SUBJECT", .left), ("WINDOW", .left), ("LEFT", .right), ("OF", .right), ("RATE", .left),
            ("FULL IN", .right), ("LEASED", .right), ("IN FLIGHT", .right))
        for reading in readings { append(reading, to: &table) }
        return table.text
    }

    private static func append(_ reading: BucketReading, to table: inout Table) {
        let leased = reading.leases.isEmpty ? "" : "\(reading.leased)"
        let used = reading.placesInUse == 0 ? "" : "\(reading.placesInUse)"
        if reading.windows.isEmpty {
            table.append(reading.policy, reading.subject, "", "", "", "", "", leased, used)
        }
        for (index, window) in reading.windows.enumerated() {
            table.append(
                reading.policy, reading.subject, window.name, "\(window.tokens)", "\(window.capacity)", window.rate,
                full(window), index == 0 ? leased : "", index == 0 ? used : "")
        }
        for lease in leases(of: reading) { table.note(lease) }
    }

    static func full(_ window: BucketReading.Window) -> String {
        switch window.full {
        case .now: "0s"
        case .after(let microseconds): TimeText.of(microseconds: microseconds)
        case .end(let unit): "\(unit.rawValue)'s end"
        case .unknown: "?"
        }
    }

    /// A line for each of the largest ones.
    static func leases(of reading: BucketReading) -> [String] {
        var lines = reading.leases.prefix(mostLeases).map {
            "\($0.holder) holds \($0.amount) for \(TimeText.of(microseconds: $0.remainingMicroseconds))"
        }
        if reading.leases.count > mostLeases { lines.append("and \(reading.leases.count - mostLeases) more hold some") }
        return lines
    }
}
