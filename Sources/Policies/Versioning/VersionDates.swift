/// When a version of an API is or was deprecated, and when it ends.
package enum VersionDates {
    /// Seconds since 1970 of `2026-06-30`, which begins at midnight UTC, or `2026-06-30T12:30:00Z`; nil if it is neither.
    package static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: "T", omittingEmptySubsequences: false)
        guard parts.count <= 2, let day = numbers(parts[0], apartBy: "-", digits: [4, 2, 2]) else { return nil }
        var clock = 0
        if parts.count == 2 {
            guard parts[1].hasSuffix("Z"), let time = numbers(parts[1].dropLast(), apartBy: ":", digits: [2, 2, 2]),
                time[0] < 24, time[1] < 60, time[2] < 60
            else { return nil }
            clock = time[0] * 3600 + time[1] * 60 + time[2]
        }
        guard (1970...9999).contains(day[0]), (1...12).contains(day[1]), (1...31).contains(day[2]) else { return nil }
        return HTTPTime.seconds(year: day[0], day[1], day[2], clock)
    }

    private static func numbers(_ text: Substring, apartBy mark: Character, digits: [Int]) -> [Int]? {
        let parts = text.split(separator: mark, omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == digits else { return nil }
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        return numbers.count == digits.count ? numbers : nil
    }

    /// Field lines that tell clients: `Deprecation` (RFC 9745 §2), `Sunset` (RFC 8594 §3), `Link`.
    /// - Parameter links: relation types and targets.
    package static func lines(deprecated: Int?, sunset: Int?, links: [(relation: String, target: String)]) -> String {
        var lines = ""
        if let deprecated { lines += "Deprecation: @\(deprecated)\r\n" }
        if let sunset { lines += "Sunset: \(HTTPTime.text(sunset))\r\n" }
        let list = links.map { "<\($0.target)>; rel=\"\($0.relation)\"" }.joined(separator: ", ")
        return list.isEmpty ? lines : lines + "Link: \(list)\r\n"
    }
}
