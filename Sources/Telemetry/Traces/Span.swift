/// One exchange for the trace it belongs to: the request that was served, and the call of the upstream within it.
package struct Span: Sendable {
    package var traceHigh: UInt64 = 0
    package var traceLow: UInt64 = 0
    package var parent: UInt64 = 0
    package var id: UInt64 = 0
    package var call: UInt64 = 0
    /// Since 1970.
    package var endMicroseconds = 0
    package var durationMicroseconds = 0
    /// From the request's head to the head of the answer.
    package var headMicroseconds: Int?
    package var upstreamMicroseconds: Int?
    package var method = ""
    package var path = ""
    package var host = ""
    package var scheme = "http"
    package var route = ""
    package var upstream = ""
    package var consumer = ""
    package var client = ""
    package var requestID = ""
    package var status = 0
    package var attempts = 0
    /// A constant word; empty where nothing went wrong.
    package var error = ""
    package var limit = ""
    package var cache = ""

    package init() {}
}

/// Spans of one worker on their way to the collector: bounded, because the collector may be away.
package struct SpanQueue: Sendable {
    package static let most = 2048
    private var spans: [Span] = []
    package private(set) var dropped = 0

    package init() {}

    package mutating func append(_ span: Span) {
        guard spans.count < Self.most else { return dropped += 1 }
        spans.append(span)
    }

    package var isEmpty: Bool { spans.isEmpty }

    /// At most `count`, oldest first.
    package mutating func take(_ count: Int) -> [Span] {
        let taken = Array(spans.prefix(count))
        spans.removeFirst(taken.count)
        return taken
    }
}

/// What became of spans.
package struct TraceCounts: Hashable, Sendable {
    package var exported = 0
    /// The queue was full.
    package var dropped = 0
    /// The collector did not take them.
    package var failed = 0

    package init() {}

    package static func += (left: inout TraceCounts, right: TraceCounts) {
        left.exported += right.exported
        left.dropped += right.dropped
        left.failed += right.failed
    }
}
