/// What is counted for each step of each aggregation.
package struct StepMetrics: Sendable {
    package private(set) var failures = 0
    /// From a request's beginning to the end of its answer, retries included.
    package private(set) var duration = LatencyHistogram()

    package init() {}

    package mutating func record(isFailure: Bool, microseconds: Int) {
        if isFailure { failures += 1 }
        duration.record(microseconds: microseconds)
    }

    package static func += (left: inout StepMetrics, right: StepMetrics) {
        left.failures += right.failures
        left.duration += right.duration
    }
}
