/// A worker's end of the access log: formats lines into its own buffer and hands full buffers to the sink.
package final class AccessLog {
    private let sink: AccessLogSink
    private var writer = JSONLineWriter()
    private var buffer = LogBuffer()

    package init(sink: AccessLogSink) {
        self.sink = sink
    }

    package func write(_ record: borrowing AccessLogRecord) {
        writer.write(record, to: buffer)
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
