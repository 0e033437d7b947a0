/// A worker's end of the access log: formats lines into its own buffer and hands full buffers to the sink.
package final class AccessLog {
    private enum Writer {
        case json(JSONLineWriter)
        case logfmt(LogfmtLineWriter)
        case combined(CombinedLineWriter)
    }

    package let rules: AccessLogRules
    private let sink: AccessLogSink
    private var writer: Writer
    private var buffer = LogBuffer()
    /// What the sampled exchanges so far have left over of a whole line, in millionths of one.
    private var due = 0
    private static let line = 1_000_000

    package init(sink: AccessLogSink, rules: AccessLogRules = AccessLogRules()) {
        self.sink = sink
        self.rules = rules
        writer =
            switch rules.format {
            case .json: .json(JSONLineWriter(rules.fields))
            case .logfmt: .logfmt(LogfmtLineWriter(rules.fields))
            case .combined: .combined(CombinedLineWriter(rules.fields))
            }
    }

    /// Whether the next exchange gets a line: each error, and of the others evenly the share that is sampled.
    package func wants(isError: Bool) -> Bool {
        if isError || rules.sample >= 1 { return true }
        due += Int((rules.sample * Double(Self.line)).rounded())
        guard due >= Self.line else { return false }
        due -= Self.line
        return true
    }

    package func write(_ record: borrowing AccessLogRecord) {
        switch writer {
        case .json(var json):
            json.write(record, to: buffer)
            writer = .json(json)
        case .logfmt(var logfmt):
            logfmt.write(record, to: buffer)
            writer = .logfmt(logfmt)
        case .combined(var combined):
            combined.write(record, to: buffer)
            writer = .combined(combined)
        }
        if buffer.count >= LogBuffer.fullMark { buffer = sink.exchange(buffer) }
    }

    /// Called about every 100 ms, so that lines of a quiet worker show up. While the output is behind, buffers wait
    /// until they are full: nearly empty ones would use up the queue.
    package func flush() {
        guard buffer.count > 0, !sink.isBehind else { return }
        buffer = sink.exchange(buffer)
    }

    /// The last flush, before `AccessLogSink.close`.
    package func close() {
        if buffer.count > 0 { buffer = sink.exchange(buffer) }
    }
}
