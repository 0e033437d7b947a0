/// Which requests go first when not all can be served, as a label.
package enum PriorityRank: Int, CaseIterable, Sendable {
    case low, normal, high

    package var label: String { "\(self)" }
}

/// What buffers hold, and the requests that were refused so that it stays within its limit.
package struct SheddingMetrics: Sendable {
    package var byMemory = CaseCounts<PriorityRank>()
    /// The node's, which one worker reports.
    package var heldBytes = 0
    package var limitBytes = 0

    package init() {}

    package static func += (left: inout SheddingMetrics, right: SheddingMetrics) {
        left.byMemory += right.byMemory
        left.heldBytes += right.heldBytes
        left.limitBytes += right.limitBytes
    }
}
