/// For each bucket of a latency histogram as it is shown, the latest request with a recorded trace that fell into it.
package struct Exemplars: Sendable {
    package struct Exemplar: Hashable, Sendable {
        package var traceHigh: UInt64
        package var traceLow: UInt64
        package var microseconds: Int
        /// When it ended, since 1970.
        package var wallMicroseconds: Int

        package init(traceHigh: UInt64, traceLow: UInt64, microseconds: Int, wallMicroseconds: Int) {
            self.traceHigh = traceHigh
            self.traceLow = traceLow
            self.microseconds = microseconds
            self.wallMicroseconds = wallMicroseconds
        }

        /// 32 hexadecimal digits.
        package var traceID: String { Self.digits(traceHigh) + Self.digits(traceLow) }

        package static func digits(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.utf8.count) + text
        }
    }

    /// Empty until the first; the last is beyond all boundaries.
    private var latest: [Exemplar?] = []

    package init() {}

    subscript(bucket: Int) -> Exemplar? { bucket < latest.count ? latest[bucket] : nil }

    mutating func record(_ exemplar: Exemplar) {
        let boundaries = HistogramBoundaries.requests.microseconds
        if latest.isEmpty { latest = Array(repeating: nil, count: boundaries.count + 1) }
        latest[boundaries.firstIndex { exemplar.microseconds <= $0 } ?? boundaries.count] = exemplar
    }

    package static func += (left: inout Exemplars, right: Exemplars) {
        guard !left.latest.isEmpty else { return left = right }
        for (index, exemplar) in right.latest.enumerated() {
            guard let exemplar, exemplar.wallMicroseconds > left.latest[index]?.wallMicroseconds ?? 0 else { continue }
            left.latest[index] = exemplar
        }
    }
}
