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
        buffer.addLine { line in write(record, to: &line) }
    }

    private mutating func write(_ record: borrowing AccessLogRecord, to line: inout LineBytes) {
        line.append("{\"time\":\"")
        timestamp.append(microsecondsSince1970: record.wallMicroseconds, to: &line)
        line.append("\"")
        append(",\"request_id\":\"", record.requestID, Limit.name, to: &line)
        append(",\"client\":\"", record.clientAddress, Limit.word, to: &line)
        append(",\"method\":\"", record.method, Limit.word, to: &line)
        append(",\"host\":\"", record.host, Limit.name, to: &line)
        append(",\"path\":\"", record.path, Limit.path, to: &line)
        append(",\"status\":", record.status, to: &line)
        append(",\"route\":\"", record.route, Limit.name, to: &line)
        append(",\"version\":\"", record.version, Limit.word, to: &line)
        append(",\"upstream\":\"", record.upstream, Limit.name, to: &line)
        append(",\"consumer\":\"", record.consumer, Limit.name, to: &line)
        append(",\"duration_us\":", record.durationMicroseconds, to: &line)
        if let waited = record.upstreamMicroseconds { append(",\"upstream_us\":", waited, to: &line) }
        append(",\"bytes_in\":", record.bytesIn, to: &line)
        append(",\"bytes_out\":", record.bytesOut, to: &line)
        if let cache = record.cache {
            line.append(",\"cache\":\"")
            line.append(cache.label)
            line.append("\"")
        }
        if let limit = record.limit {
            line.append(",\"limit\":\"")
            line.append(limit.label)
            line.append("\"")
        }
        append(",\"error\":\"", record.error, Limit.word, to: &line)
        append(",\"user_agent\":\"", record.userAgent, Limit.name, to: &line)
        line.append("}")
    }

    private func append(_ key: StaticString, _ text: UnsafeRawBufferPointer, _ limit: Int, to line: inout LineBytes) {
        guard !text.isEmpty else { return }
        line.append(key)
        line.appendEscaped(text, limit: limit)
        line.append("\"")
    }

    private func append(_ key: StaticString, _ text: String, _ limit: Int, to line: inout LineBytes) {
        guard !text.isEmpty else { return }
        line.append(key)
        line.appendEscaped(text, limit: limit)
        line.append("\"")
    }

    private func append(_ key: StaticString, _ number: Int, to line: inout LineBytes) {
        line.append(key)
        line.append(number)
    }
}
