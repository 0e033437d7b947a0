/// Formats a record as one line of logfmt: `time=… method=GET path="/a b" status=200 …`.
package struct LogfmtLineWriter {
    private let fields: AccessLogFields
    private var timestamp = TimestampText()

    package init(_ fields: AccessLogFields = .standard) { self.fields = fields }

    package mutating func write(_ record: borrowing AccessLogRecord, to buffer: LogBuffer) {
        buffer.addLine { line in write(record, to: &line) }
    }

    private mutating func write(_ record: borrowing AccessLogRecord, to line: inout LineBytes) {
        line.append("time=")
        timestamp.append(microsecondsSince1970: record.wallMicroseconds, to: &line)
        append(.requestID, " request_id=", record.requestID, LineLimit.name, to: &line)
        append(.client, " client=", record.clientAddress, LineLimit.word, to: &line)
        append(.method, " method=", record.method, LineLimit.word, to: &line)
        append(.host, " host=", record.host, LineLimit.name, to: &line)
        append(.path, " path=", record.path, LineLimit.path, to: &line)
        append(.query, " query=", record.query, LineLimit.query(beside: record.path), to: &line)
        append(.status, " status=", record.status, to: &line)
        append(.route, " route=", record.route, LineLimit.name, to: &line)
        append(.version, " version=", record.version, LineLimit.word, to: &line)
        append(.upstream, " upstream=", record.upstream, LineLimit.name, to: &line)
        append(.attempts, " attempts=", record.attempts, to: &line)
        append(.consumer, " consumer=", record.consumer, LineLimit.name, to: &line)
        append(.duration, " duration_us=", record.durationMicroseconds, to: &line)
        append(.upstreamDuration, " upstream_us=", record.upstreamMicroseconds, to: &line)
        append(.gatewayDuration, " gateway_us=", record.ownMicroseconds, to: &line)
        append(.bytesIn, " bytes_in=", record.bytesIn, to: &line)
        append(.bytesOut, " bytes_out=", record.bytesOut, to: &line)
        append(.cache, " cache=", record.cache?.label, to: &line)
        append(.limit, " limit=", record.limit?.label, to: &line)
        append(.error, " error=", record.error, LineLimit.word, to: &line)
        append(.userAgent, " user_agent=", record.userAgent, LineLimit.name, to: &line)
        append(.referer, " referer=", record.referer, LineLimit.name, to: &line)
        append(.traceID, " trace_id=", record.traceID, LineLimit.word, to: &line)
        for header in record.headers {
            line.append(" header_")
            line.appendEscaped(header.name, limit: LineLimit.word)
            line.append("=")
            append(header.value, LineLimit.name, to: &line)
        }
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ text: UnsafeRawBufferPointer, _ limit: Int,
        to line: inout LineBytes
    ) {
        guard !text.isEmpty, fields.contains(field) else { return }
        line.append(key)
        append(text, limit, to: &line)
    }

    /// In quotes unless it needs none.
    private func append(_ text: UnsafeRawBufferPointer, _ limit: Int, to line: inout LineBytes) {
        let isBare = text.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "\\")
        }
        if !isBare { line.append("\"") }
        line.appendEscaped(text, limit: limit)
        if !isBare { line.append("\"") }
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ text: String, _ limit: Int, to line: inout LineBytes
    ) {
        var text = text
        text.withUTF8 { append(field, key, UnsafeRawBufferPointer($0), limit, to: &line) }
    }

    private func append(
        _ field: AccessLogFields, _ key: StaticString, _ word: StaticString?, to line: inout LineBytes
    ) {
        guard let word, fields.contains(field) else { return }
        line.append(key)
        line.append(word)
    }

    private func append(_ field: AccessLogFields, _ key: StaticString, _ number: Int?, to line: inout LineBytes) {
        guard let number, fields.contains(field) else { return }
        line.append(key)
        line.append(number)
    }
}
