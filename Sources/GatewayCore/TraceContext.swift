import HTTPWire

/// The trace that an exchange is a part of (W3C Trace Context), when this node records traces.
package struct TraceContext: Hashable, Sendable {
    package var traceHigh: UInt64
    package var traceLow: UInt64
    /// The caller's span; 0: the trace begins here.
    package var parent: UInt64
    /// The exchange's own.
    package var span: UInt64
    /// The call of the upstream, whose spans are its children.
    package var call: UInt64
    /// Whether it is recorded, here and by those after us; errors and slow requests are recorded all the same.
    package var isSampled: Bool

    package init(
        traceHigh: UInt64, traceLow: UInt64, parent: UInt64 = 0, span: UInt64, call: UInt64, isSampled: Bool
    ) {
        self.traceHigh = traceHigh
        self.traceLow = traceLow
        self.parent = parent
        self.span = span
        self.call = call
        self.isSampled = isSampled
    }

    /// What a valid `traceparent` says: ids and the sampled flag.
    package struct Incoming: Hashable, Sendable {
        package let traceHigh: UInt64
        package let traceLow: UInt64
        package let parent: UInt64
        package let isSampled: Bool

        /// - Parameter field: in the form of version 00, already found valid.
        package init?(valid field: Bytes) {
            guard field.count == 55, let high = Self.number(field.slice(3, 16)),
                let low = Self.number(field.slice(19, 16)),
                let parent = Self.number(field.slice(36, 16)), let flags = Self.number(field.slice(53, 2))
            else { return nil }
            (traceHigh, traceLow, self.parent, isSampled) = (high, low, parent, flags & 1 == 1)
        }

        private static func number(_ digits: Bytes) -> UInt64? {
            var value: UInt64 = 0
            for byte in digits {
                switch byte {
                case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
                case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
                default: return nil
                }
            }
            return value
        }
    }

    /// The value of `traceparent` for the upstream.
    package func append(to lines: ByteBuilder) {
        lines.append("00-")
        lines.append(hex: traceHigh)
        lines.append(hex: traceLow)
        lines.append("-")
        lines.append(hex: call)
        lines.append(isSampled ? "-01" : "-00")
    }
}

extension TraceContext {
    /// The trace's id: 32 hexadecimal digits.
    package var id: String {
        [traceHigh, traceLow].map { value in
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.utf8.count) + digits
        }.joined()
    }
}
