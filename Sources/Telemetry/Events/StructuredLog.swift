import Glibc
import Synchronization

/// Events of the process (started, reloaded, Redis lost and back) as single lines with a constant message and
/// metadata. Thread-safe; limits repeated messages; never blocks: what its output does not take at once is dropped
/// and counted.
package final class StructuredLog: Sendable {
    package enum Format: String, CaseIterable, Sendable {
        /// `time=… level=info message="configuration reloaded" routes=12`
        case logfmt
        case json
    }

    private enum Limit {
        static let entries = 16
        static let key = 64
        static let value = 512
    }

    private struct State {
        let output: LogOutput
        let buffer = LogBuffer()
        var timestamp = TimestampText()
        var repeats = RepeatLimit()
        var linesDropped = 0
    }

    private let format: Format
    private let minimumLevel: LogLevel
    private let now: @Sendable () -> Int
    private let state: Mutex<State>

    /// `now`: microseconds since 1970.
    package init(
        _ destination: LogDestination = .standardError, format: Format = .logfmt, minimumLevel: LogLevel = .info,
        now: @escaping @Sendable () -> Int = StructuredLog.wallClock
    ) throws(LogOutputFailure) {
        self.format = format
        self.minimumLevel = minimumLevel
        self.now = now
        self.state = Mutex(State(output: try LogOutput(destination)))
    }

    package static func wallClock() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    /// Lines that the output did not take (not those suppressed as repeats).
    package var linesDropped: Int { state.withLock { $0.linesDropped } }

    /// `message` is a constant; it is also what repeats are recognised by.
    /// - Parameter thins: whether frequent repeats are left out. False for what an operator has asked for and waits to hear.
    package func log(
        _ level: LogLevel, _ message: StaticString, _ metadata: KeyValuePairs<String, LogValue> = [:],
        thins: Bool = true
    ) {
        guard level >= minimumLevel else { return }
        let now = now()
        state.withLock { state in
            let identity = UInt(bitPattern: message.utf8Start)
            guard let suppressed = thins ? state.repeats.admit(message: identity, now: now) : 0 else { return }
            state.buffer.clear()
            state.buffer.addLine { line in
                begin(level, now, message, &state.timestamp, &line)
                for (key, value) in metadata.prefix(Limit.entries) { append(key, value, to: &line) }
                if suppressed > 0 { append("suppressed", .integer(suppressed), to: &line) }
                if format == .json { line.append("}") }
            }
            let written = state.output.write(state.buffer.bytes) { false }
            if written < state.buffer.count { state.linesDropped += 1 }
        }
    }

    private func begin(
        _ level: LogLevel, _ now: Int, _ message: StaticString, _ timestamp: inout TimestampText,
        _ line: inout LineBytes
    ) {
        line.append(format == .json ? "{\"time\":\"" : "time=")
        timestamp.append(microsecondsSince1970: now, to: &line)
        line.append(format == .json ? "\",\"level\":\"" : " level=")
        line.append(level.label)
        line.append(format == .json ? "\",\"message\":\"" : " message=\"")
        line.appendEscaped(
            UnsafeRawBufferPointer(start: message.utf8Start, count: message.utf8CodeUnitCount), limit: Limit.value)
        line.append("\"")
    }

    private func append(_ key: String, _ value: LogValue, to line: inout LineBytes) {
        line.append(format == .json ? ",\"" : " ")
        line.appendEscaped(key, limit: Limit.key)
        line.append(format == .json ? "\":" : "=")
        switch value {
        case .integer(let number): line.append(number)
        case .bool(let flag): line.append(flag ? "true" : "false")
        case .string(let text) where format == .logfmt && Self.isBare(text):
            line.appendEscaped(text, limit: Limit.value)
        case .string(let text):
            line.append("\"")
            line.appendEscaped(text, limit: Limit.value)
            line.append("\"")
        }
    }

    /// Whether logfmt may leave the quotes out.
    private static func isBare(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
                    && $0 != UInt8(ascii: "\\")
            }
    }
}

extension StructuredLog {
    package func debug(_ message: StaticString, _ metadata: KeyValuePairs<String, LogValue> = [:]) {
        log(.debug, message, metadata)
    }

    package func info(_ message: StaticString, _ metadata: KeyValuePairs<String, LogValue> = [:]) {
        log(.info, message, metadata)
    }

    package func warning(_ message: StaticString, _ metadata: KeyValuePairs<String, LogValue> = [:]) {
        log(.warning, message, metadata)
    }

    package func error(_ message: StaticString, _ metadata: KeyValuePairs<String, LogValue> = [:]) {
        log(.error, message, metadata)
    }
}
