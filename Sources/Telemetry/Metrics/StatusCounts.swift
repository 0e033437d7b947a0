/// Replies by the class of their status, and exactly for the statuses that operators ask about. The set is fixed, so
/// an upstream that invents statuses can't grow the metrics.
package struct StatusCounts: Sendable {
    package static let classes = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"]
    package static let trackedStatuses = [
        101, 200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 408, 409, 410, 411, 412,
        413,
        414, 415, 416, 417, 421, 422, 426, 428, 429, 431, 499, 500, 501, 502, 503, 504, 505,
    ]
    private static let untracked = UInt8.max
    /// The place of each tracked status within `trackedStatuses`, by status − 100.
    private static let places: [UInt8] = {
        var places = [UInt8](repeating: untracked, count: 500)
        for (place, status) in trackedStatuses.enumerated() { places[status - 100] = UInt8(place) }
        return places
    }()

    /// First the classes, then the tracked statuses; empty until the first reply.
    private var counts: [Int] = []

    package init() {}

    package mutating func count(_ status: Int) {
        if counts.isEmpty {
            counts = Array(repeating: 0, count: Self.classes.count + Self.trackedStatuses.count)
        }
        guard (100..<600).contains(status) else {
            counts[Self.classes.count - 1] += 1
            return
        }
        counts[status / 100 - 1] += 1
        let place = Self.places[status - 100]
        if place != Self.untracked { counts[Self.classes.count + Int(place)] += 1 }
    }

    package static func += (left: inout StatusCounts, right: StatusCounts) {
        if left.counts.isEmpty {
            left.counts = right.counts
        } else {
            for index in right.counts.indices { left.counts[index] += right.counts[index] }
        }
    }

    package var total: Int { counts.prefix(Self.classes.count).reduce(0, +) }

    /// Those of the class 5xx.
    package var failed: Int { counts.isEmpty ? 0 : counts[4] }

    /// Counts per class, in the order of `classes`.
    package var byClass: [Int] {
        counts.isEmpty ? Self.classes.map { _ in 0 } : Array(counts.prefix(Self.classes.count))
    }

    /// The tracked statuses that occurred, ascending, with their counts.
    package var byStatus: [(status: Int, count: Int)] {
        zip(Self.trackedStatuses, counts.dropFirst(Self.classes.count)).filter { $0.1 > 0 }.map { ($0, $1) }
    }
}
