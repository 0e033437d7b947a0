/// How long things took, in microseconds, as counts in log-linear buckets: each doubling of the duration is divided
/// into 32 equal buckets, so a bucket is at most 1/32 of its values wide, and its middle is off by at most 1.6%.
///
/// Below 64 µs every value has its own bucket; above 67 s all share the last one (their sum stays exact). Recording is
/// an index computation and an addition. The 704 counts are allocated with the first record: most routes of a large
/// configuration see no traffic.
package struct LatencyHistogram: Sendable {
    private static let subdivisionBits = 5
    private static let largestExponent = 20
    static let bucketCount = (largestExponent << subdivisionBits) + 64

    private var counts: [Int] = []
    package private(set) var count = 0
    package private(set) var totalMicroseconds = 0

    package init() {}

    package mutating func record(microseconds: Int) {
        let value = max(microseconds, 0)
        if counts.isEmpty { counts = Array(repeating: 0, count: Self.bucketCount) }
        counts[Self.bucket(of: value)] += 1
        count += 1
        totalMicroseconds += value
    }

    package static func += (left: inout LatencyHistogram, right: LatencyHistogram) {
        left.count += right.count
        left.totalMicroseconds += right.totalMicroseconds
        if left.counts.isEmpty {
            left.counts = right.counts
        } else {
            for index in right.counts.indices { left.counts[index] += right.counts[index] }
        }
    }

    /// The duration that a share of `fraction` (0…1) of all records did not exceed, within 1.6%; nil without records.
    package func quantile(_ fraction: Double) -> Int? {
        guard count > 0 else { return nil }
        let rank = min(max(Int((Double(count) * fraction).rounded(.up)), 1), count)
        var passed = 0
        for index in counts.indices {
            passed += counts[index]
            if passed >= rank { return Self.middle(ofBucket: index) }
        }
        return nil
    }

    /// For each of the ascending boundaries, how many records did not exceed it. A bucket that a boundary divides
    /// counts whole, so no value at or below the boundary is missed and those up to 3% above may be included.
    package func cumulativeCounts(at boundaries: [Int]) -> [Int] {
        guard !counts.isEmpty else { return boundaries.map { _ in 0 } }
        var passed = 0
        var index = 0
        return boundaries.map { boundary in
            let last = Self.bucket(of: boundary)
            while index <= last {
                passed += counts[index]
                index += 1
            }
            return passed
        }
    }

    /// The buckets that counted something, ascending.
    var buckets: [(bucket: Int, count: Int)] {
        counts.indices.lazy.filter { counts[$0] > 0 }.map { ($0, counts[$0]) }
    }

    /// Begins anew; the storage stays.
    package mutating func removeAll() {
        guard count > 0 else { return }
        for index in counts.indices { counts[index] = 0 }
        (count, totalMicroseconds) = (0, 0)
    }

    static func bucket(of value: Int) -> Int {
        let exponent = max(0, Int.bitWidth - value.leadingZeroBitCount - subdivisionBits - 1)
        guard exponent <= largestExponent else { return bucketCount - 1 }
        return (exponent << subdivisionBits) + (value >> exponent)
    }

    private static func middle(ofBucket index: Int) -> Int {
        lowest(ofBucket: index) + ((1 << exponent(ofBucket: index)) - 1) / 2
    }

    /// The smallest value that a bucket counts.
    static func lowest(ofBucket index: Int) -> Int {
        let exponent = exponent(ofBucket: index)
        return (index - (exponent << subdivisionBits)) << exponent
    }

    private static func exponent(ofBucket index: Int) -> Int { max(0, (index >> subdivisionBits) - 1) }
}
