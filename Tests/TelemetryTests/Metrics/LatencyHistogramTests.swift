import Foundation
import Testing

@testable import Telemetry

@Suite("Latency histogram")
struct LatencyHistogramTests {
    /// Spread evenly over the orders of magnitude from 1 µs to 60 s.
    private static func randomDurations(_ count: Int) -> [Int] {
        (0..<count).map { _ in Int(pow(60_000_000, Double.random(in: 0...1))) }
    }

    @Test("any duration up to 60 s comes back within 3%")
    func errorBound() throws {
        for duration in Self.randomDurations(20_000) + Array(0...5000) + [60_000_000] {
            var histogram = LatencyHistogram()
            histogram.record(microseconds: duration)
            let found = try #require(histogram.quantile(0.5))
            #expect(abs(Double(found - duration)) <= Double(duration) * 0.03, "\(duration) came back as \(found)")
        }
    }

    @Test("quantiles are within 3% of those of the sorted list")
    func quantiles() throws {
        let durations = Self.randomDurations(10_001)
        var histogram = LatencyHistogram()
        for duration in durations { histogram.record(microseconds: duration) }
        let sorted = durations.sorted()
        for fraction in [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1] {
            let rank = min(max(Int((Double(sorted.count) * fraction).rounded(.up)), 1), sorted.count)
            let found = try #require(histogram.quantile(fraction))
            #expect(abs(Double(found - sorted[rank - 1])) <= Double(sorted[rank - 1]) * 0.03)
        }
        #expect(histogram.count == durations.count)
        #expect(histogram.totalMicroseconds == durations.reduce(0, +))
    }

    @Test("buckets are in order and leave no gap")
    func bucketOrder() {
        var last = 0
        for value in 0..<300_000 {
            let bucket = LatencyHistogram.bucket(of: value)
            #expect(bucket == last || bucket == last + 1)
            last = bucket
        }
        #expect(LatencyHistogram.bucket(of: 67_108_863) == LatencyHistogram.bucketCount - 1)
        #expect(LatencyHistogram.bucket(of: Int.max) == LatencyHistogram.bucketCount - 1)
    }

    @Test("merged histograms are as if one had seen everything")
    func merging() {
        let durations = Self.randomDurations(3000)
        var whole = LatencyHistogram()
        var parts = [LatencyHistogram(), LatencyHistogram(), LatencyHistogram()]
        for (index, duration) in durations.enumerated() {
            whole.record(microseconds: duration)
            parts[index % 2].record(microseconds: duration)
        }
        var sum = LatencyHistogram()
        for part in parts { sum += part }
        let boundaries = HistogramBoundaries.requests.microseconds
        #expect(sum.cumulativeCounts(at: boundaries) == whole.cumulativeCounts(at: boundaries))
        #expect((sum.count, sum.totalMicroseconds) == (whole.count, whole.totalMicroseconds))
        #expect(sum.quantile(0.9) == whole.quantile(0.9))
    }

    @Test("cumulative counts miss no value up to the boundary, and include none 3.2% above it")
    func cumulativeCounts() {
        let durations = Self.randomDurations(5000) + HistogramBoundaries.fine.microseconds
        var histogram = LatencyHistogram()
        for duration in durations { histogram.record(microseconds: duration) }
        for boundaries in [HistogramBoundaries.fine, .requests] {
            let counts = histogram.cumulativeCounts(at: boundaries.microseconds)
            #expect(counts.count == boundaries.microseconds.count)
            for (boundary, count) in zip(boundaries.microseconds, counts) {
                #expect(count >= durations.count { $0 <= boundary })
                #expect(count <= durations.count { Double($0) <= Double(boundary) * 1.032 })
            }
        }
    }

    @Test("a copy does not change when the original goes on")
    func copies() {
        var histogram = LatencyHistogram()
        histogram.record(microseconds: 10)
        let copy = histogram
        histogram.record(microseconds: 20)
        #expect((copy.count, histogram.count) == (1, 2))
        #expect(copy.quantile(1) == 10)
    }

    @Test("nothing recorded has no quantile, and negative durations count as none")
    func edges() {
        var histogram = LatencyHistogram()
        #expect(histogram.quantile(0.5) == nil)
        #expect(histogram.cumulativeCounts(at: [1, 2]) == [0, 0])
        histogram.record(microseconds: -5)
        #expect(histogram.quantile(0.5) == 0)
        #expect(histogram.totalMicroseconds == 0)
    }
}
