/// Which exchanges become traces.
///
/// Parent-based: whoever began a trace has decided, so that it is whole. Of those that begin here a share is taken by the
/// trace's id, the same way on all nodes. And at the end of an exchange, whatever was decided at its start: what failed or
/// was slow is worth having.
package struct TraceSampling: Hashable, Sendable {
    /// 0…1.
    package var share = 0.01
    /// Answers of 5xx and exchanges that failed are recorded.
    package var takesErrors = true
    /// From here on an exchange is slow; nil: none is.
    package var slowMicroseconds: Int?

    package init() {}

    /// At the start.
    /// - Parameter parent: what the caller has decided, if it has.
    package func takes(traceLow: UInt64, parent: Bool?) -> Bool {
        if let parent { return parent }
        if share >= 1 { return true }
        return Double(traceLow >> 11) * 0x1p-53 < share
    }

    /// At the end.
    package func takes(status: Int, hasFailed: Bool, durationMicroseconds: Int) -> Bool {
        if takesErrors, status >= 500 || hasFailed { return true }
        return slowMicroseconds.map { durationMicroseconds >= $0 } ?? false
    }
}
