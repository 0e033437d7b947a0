/// Formats a record as one line of JSON, straight into a buffer, without allocating.
package struct JSONLineWriter {
    /// What is kept of each text. Even with every byte escaped to six, a line is under 24 KiB, so it fits into any
    /// buffer that has not reached its full mark.
    private enum Limit {
        static let path = 2048
        static let name = 256
        static let word = 64
    }

    private var timestamp = TimestampText()

    package init() {}

    package mutating func write(_ record: borrowing AccessLogRecord, to buffer: LogBuffer) {
        buffer.append("{\"time\":\"")
        timestamp.append(microsecondsSince1970: record.wallMicroseconds, to: buffer)
        buffer.append("\"")
        append(",\"request_id\":\"", record.requestID, Limit.name, to: buffer)
        append(",\"client\":\"", record.clientAddress, Limit.word, to: buffer)
        append(",\"method\":\"", record.method, Limit.word, to: buffer)
        append(",\"host\":\"", record.host, Limit.name, to: buffer)
        append(",\"path\":\"", record.path, Limit.path, to: buffer)
        append(",\"status\":", record.status, to: buffer)
        append(",\"route\":\"", record.route, Limit.name, to: buffer)
        append(",\"upstream\":\"", record.upstream, Limit.name, to: buffer)
        append(",\"consumer\":\"", record.consumer, Limit.name, to: buffer)
        append(",\"duration_us\":", record.durationMicroseconds, to: buffer)
        if let waited = record.upstreamMicroseconds { append(",\"upstream_us\":", waited, to: buffer) }
        append(",\"bytes_in\":", record.bytesIn, to: buffer)
        append(",\"bytes_out\":", record.bytesOut, to: buffer)
        if let limit = record.limit {
            buffer.append(",\"limit\":\"")
            buffer.append(limit.label)
            buffer.append("\"")
        }
        append(",\"error\":\"", record.error, Limit.word, to: buffer)
        append(",\"user_agent\":\"", record.userAgent, Limit.name, to: buffer)
        buffer.append("}")
        buffer.endLine()
    }

    private func append(_ key: StaticString, _ text: UnsafeRawBufferPointer, _ limit: Int, to buffer: LogBuffer) {
        guard !text.isEmpty else { return }
        buffer.append(key)
        buffer.appendEscaped(text, limit: limit)
        buffer.append("\"")
    }

    private func append(_ key: StaticString, _ text: String, _ limit: Int, to buffer: LogBuffer) {
        guard !text.isEmpty else { return }
        buffer.append(key)
        buffer.appendEscaped(text, limit: limit)
        buffer.append("\"")
    }

    private func append(_ key: StaticString, _ number: Int, to buffer: LogBuffer) {
        buffer.append(key)
        buffer.append(number)
    }
}
