import Foundation

/// Time zones by their IANA names: `UTC`, `Europe/Berlin`.
extension Kind where Value == String {
    static var timeZone: Kind {
        let noun = "UTC or the name of a time zone such as Europe/Berlin"
        return .scalar(noun, schema: .pattern("^[A-Za-z][A-Za-z0-9_+/-]*$"), write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard TimeZones.contains(text.value) else { throw .expected(suggestion: TimeZones.nearest(text.value)) }
            return text.value
        }
    }
}

private enum TimeZones {
    private static let names = ["UTC"] + TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") }

    /// Offsets such as `GMT+3` are no zones: they know of no summer time, which a name makes one expect.
    static func contains(_ name: String) -> Bool {
        if name == "UTC" { return true }
        return name.contains("/") && TimeZone(identifier: name) != nil
    }

    static func nearest(_ name: String) -> String? {
        // Many write only the city.
        let city = names.first { $0.split(separator: "/").last?.lowercased() == name.lowercased() }
        return city ?? NearestName.of(name, among: names)
    }
}
