import HTTPWire

/// Fields that tell a client what its request took until the head of the answer.
package struct TimingFields: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `X-Response-Time: 12.345ms`
    package static let responseTime = TimingFields(rawValue: 1)
    /// `Server-Timing: gateway;dur=0.123, upstream;dur=12.222` (W3C Server Timing; milliseconds).
    package static let serverTiming = TimingFields(rawValue: 2)

    func append(_ record: ExchangeRecord, to lines: ByteBuilder) {
        guard let answered = record.answeredMicroseconds else { return }
        if contains(.responseTime) {
            lines.append("X-Response-Time: ")
            Self.append(answered &- record.arrivedMicroseconds, to: lines)
            lines.append("ms\r\n")
        }
        guard contains(.serverTiming) else { return }
        lines.append("Server-Timing: gateway;dur=")
        Self.append(record.ownMicroseconds ?? 0, to: lines)
        if let waited = record.upstreamMicroseconds {
            lines.append(", upstream;dur=")
            Self.append(waited, to: lines)
        }
        lines.append("\r\n")
    }

    /// Milliseconds with three decimals.
    private static func append(_ microseconds: Int, to lines: ByteBuilder) {
        let time = max(0, microseconds)
        lines.append(decimal: time / 1000)
        let rest = time % 1000
        lines.append(rest < 10 ? ".00" : rest < 100 ? ".0" : ".")
        lines.append(decimal: rest)
    }
}
