/// Formats a record as Apache and nginx do: `client - consumer [time] "GET /path HTTP/1.1" 200 512 "referer" "user agent"`.
/// Tools that read such logs find what they expect; what they have no place for is left out.
package struct CombinedLineWriter {
    private let fields: AccessLogFields
    private var second = Int.min
    private var time: [UInt8] = []

    package init(_ fields: AccessLogFields = .standard) { self.fields = fields }

    package mutating func write(_ record: borrowing AccessLogRecord, to buffer: LogBuffer) {
        buffer.addLine { line in write(record, to: &line) }
    }

    private mutating func write(_ record: borrowing AccessLogRecord, to line: inout LineBytes) {
        append(record.clientAddress, LineLimit.word, to: &line)
        line.append(" - ")
        var consumer = record.consumer
        consumer.withUTF8 { append(UnsafeRawBufferPointer($0), LineLimit.name, to: &line) }
        line.append(" [")
        appendTime(record.wallMicroseconds, to: &line)
        line.append("] \"")
        line.appendEscaped(record.method, limit: LineLimit.word)
        line.append(" ")
        line.appendEscaped(record.path, limit: LineLimit.path)
        if fields.contains(.query), !record.query.isEmpty {
            line.append("?")
            line.appendEscaped(record.query, limit: LineLimit.query(beside: record.path))
        }
        line.append(record.isHTTP2 ? " HTTP/2.0\" " : " HTTP/1.1\" ")
        line.append(record.status)
        line.append(" ")
        line.append(record.bytesOut)
        line.append(" \"")
        append(record.referer, LineLimit.name, to: &line)
        line.append("\" \"")
        append(record.userAgent, LineLimit.name, to: &line)
        line.append("\"")
    }

    private func append(_ text: UnsafeRawBufferPointer, _ limit: Int, to line: inout LineBytes) {
        if text.isEmpty { line.append("-") } else { line.appendEscaped(text, limit: limit) }
    }

    /// `10/Oct/2000:13:55:36 +0000`, made once a second.
    private mutating func appendTime(_ microseconds: Int, to line: inout LineBytes) {
        if microseconds / 1_000_000 != second {
            second = microseconds / 1_000_000
            time = Self.text(second)
        }
        time.withUnsafeBytes { line.append($0) }
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func text(_ second: Int) -> [UInt8] {
        let (date, time) = TimestampText.parts(ofSecond: second)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let day = "\(two(date.day))/\(months[(date.month + 11) % 12])/\(date.year)"
        return Array("\(day):\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60)) +0000".utf8)
    }
}
