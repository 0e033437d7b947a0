/// Formats a record as one line of JSON, straight into a buffer, without allocating.
package struct JSONLineWriter {
    private let fields: AccessLogFields
    private var timestamp = TimestampText()

    package init(_ fields: AccessLogFields = .standard) { self.fields = fields }

    package mutating func write(_ record: borrowing AccessLogRecord, to buffer: LogBuffer) {
        buffer.addLine { line in write(record, to: &line) }
    }

    private mutating func write(_ record: borrowing AccessLogRecord, to line: inout LineBytes) {
        line.append("{\"time\":\"")
        timestamp.append(microsecondsSince1970: record.wallMicroseconds, to: &line)
        line.append("\"")
        append(.requestID, ",\"request_id\":\"", record.requestID, LineLimit.name, to: &line)
        append(.client, ",\"client\":\"", record.clientAddress, LineLimit.word, to: &line)
        append(.method, ",\"method\":\"", record.method, LineLimit.word, to: &line)
        append(.host, ",\"host\":\"", record.host, LineLimit.name, to: &line)
        append(.path, ",\"path\":\"", record.path, LineLimit.path, to: &line)
        append(.query, ",\"query\":\"", record.query, LineLimit.query(beside: record.path), to: &line)
        append(.status, ",\"status\":", record.status, to: &line)
        append(.route, ",\"route\":\"", record.route, LineLimit.name, to: &line)
        append(.version, ",\"version\":\"", record.version, LineLimit.word, to: &line)
        append(.upstream, ",\"upstream\":\"", record.upstream, LineLimit.name, to: &line)
        append(.attempts, ",\"attempts\":", record.attempts, to: &line)
        append(.consumer, ",\"consumer\":\"", record.consumer, LineLimit.name, to: &line)
        append(.duration, ",\"duration_us\":", record.durationMicroseconds, to: &line)
        append(.upstreamDuration, ",\"upstream_us\":", record.upstreamMicroseconds, to: &line)
        append(.gatewayDuration, ",\"gateway_us\":", record.ownMicroseconds, to: &line)
        append(.bytesIn, ",\"bytes_in\":", record.bytesIn, to: &line)
        append(.bytesOut, ",\"bytes_out\":", record.bytesOut, to: &line)
        append(.cache, ",\"cache\":\"", record.cache?.label, to: &line)
        append(.limit, ",\"limit\":\"", record.limit?.label, to: &line)
        append(.error, ",\"error\":\"", record.error, LineLimit.word, to: &line)
        append(.userAgent, ",\"user_agent\":\"", record.userAgent, LineLimit.name, to: &line)
        append(.referer, ",\"referer\":\"", record.referer, LineLimit.name, to: &line)
        append(.traceID, ",\"trace_id\":\"", record.traceID, LineLimit.word, to: &line)
        for header in record.headers {
            line.append(",\"header_")
            line.appendEscaped(header.name, limit: LineLimit.word)
            line.append("\":\"")
            line.appendEscaped(header.value, limit: LineLimit.name)
            line.append("\"")
        }
        line.append("}")
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ text: UnsafeRawBufferPointer, _ limit: Int,
        to line: inout LineBytes
    ) {
        guard !text.isEmpty, fields.contains(field) else { return }
        line.append(key)
        line.appendEscaped(text, limit: limit)
        line.append("\"")
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ text: String, _ limit: Int, to line: inout LineBytes
    ) {
        guard !text.isEmpty, fields.contains(field) else { return }
        line.append(key)
        line.appendEscaped(text, limit: limit)
        line.append("\"")
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ word: StaticString?, to line: inout LineBytes
    ) {
        guard let word, fields.contains(field) else { return }
        line.append(key)
        line.append(word)
        line.append("\"")
    }

    private func append(_ field: AccessLogFields, _ key: StaticString, _ number: Int?, to line: inout LineBytes) {
        guard let number, fields.contains(field) else { return }
        line.append(key)
        line.append(number)
    }
}

/// What is kept of each text. Even with every byte escaped to six, a line is under 32 KiB, so it fits into any buffer that
/// has not reached its full mark.
enum LineLimit {
    static let path = 2048
    static let name = 256
    static let word = 64

    /// Path and query share their room.
    static func query(beside path: UnsafeRawBufferPointer) -> Int { Self.path - min(path.count, Self.path) }
}
