/// A latency histogram that is short to write down: only the buckets that counted, four times as wide as those it was made
/// of (each at most an eighth of its values), so that a node's second takes some hundred bytes and all nodes' add up exactly.
package struct SparseLatency: Hashable, Sendable {
    /// By the bucket's number.
    private var counts: [Int: Int] = [:]

    package init() {}

    package init(_ histogram: LatencyHistogram) {
        for (bucket, count) in histogram.buckets { counts[bucket / Self.width, default: 0] += count }
    }

    private static let width = 4

    package static func += (left: inout SparseLatency, right: SparseLatency) {
        left.counts.merge(right.counts) { $0 + $1 }
    }

    package var count: Int { counts.values.reduce(0, +) }

    /// The duration in microseconds that a share of `fraction` (0…1) did not exceed, within an eighth; nil without any.
    package func quantile(_ fraction: Double) -> Int? {
        let total = count
        guard total > 0 else { return nil }
        let rank = min(max(Int((Double(total) * fraction).rounded(.up)), 1), total)
        var passed = 0
        for (bucket, count) in counts.sorted(by: { $0.key < $1.key }) {
            passed += count
            if passed >= rank { return Self.middle(bucket) }
        }
        return nil
    }

    private static func middle(_ bucket: Int) -> Int {
        let first = LatencyHistogram.lowest(ofBucket: bucket * width)
        let next = LatencyHistogram.lowest(ofBucket: (bucket + 1) * width)
        return (first + next) / 2
    }

    /// `12:5 13:80`: buckets with their counts.
    package var text: String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)" }.joined(separator: " ")
    }

    /// What does not read as such is passed over: it may come from anyone who can write to Redis.
    package init(text: String) {
        for pair in text.split(separator: " ").prefix(LatencyHistogram.bucketCount) {
            let parts = pair.split(separator: ":").compactMap { Int($0) }
            guard parts.count == 2, (0..<LatencyHistogram.bucketCount / Self.width).contains(parts[0]),
                (1...1 << 40).contains(parts[1])
            else { continue }
            counts[parts[0]] = parts[1]
        }
    }
}
