import GatewayCore
import HTTPWire

/// How long a request may take, told from hop to hop in a header: milliseconds, or a number with `s` or `ms`. gRPC has a header
/// of its own for it.
enum RequestDeadline {
    /// What the client leaves, in microseconds, by a header of this name (in lower case); nil: it says nothing that can be
    /// understood.
    static func of(_ fields: FieldSection, header: [UInt8]) -> Int? {
        header.withUnsafeBufferPointer { fields.first($0) }.flatMap(microseconds)
    }

    static func microseconds(_ value: Bytes) -> Int? {
        var (digits, unit) = (value, 1_000)
        if value.count > 2, value[value.count - 2] == UInt8(ascii: "m"), value[value.count - 1] == UInt8(ascii: "s") {
            digits = value.slice(0, value.count - 2)
        } else if value.count > 1, value[value.count - 1] == UInt8(ascii: "s") {
            (digits, unit) = (value.slice(0, value.count - 1), 1_000_000)
        }
        // Nine digits of seconds are thirty years.
        guard (1...9).contains(digits.count), let count = Decimal.parse(digits) else { return nil }
        return max(count, 1) * unit
    }

    /// Adds a line with what is left; the client's own is not passed on.
    static func append(_ left: Int, to lines: ByteBuilder, _ fields: FieldSection, header: [UInt8], isGRPC: Bool) {
        let milliseconds = min(max(left / 1000, 1), 99_999_999)
        let name = isGRPC ? grpcTimeout : header
        for index in 0..<fields.count where name.withUnsafeBufferPointer({ fields.name(index).equalsIgnoringCase($0) })
        {
            fields.slots[index].isDropped = true
        }
        lines.append(name)
        lines.append(": ")
        lines.append(decimal: milliseconds)
        if isGRPC { lines.append(UInt8(ascii: "m")) }
        lines.append("\r\n")
    }

    private static let grpcTimeout = Array("grpc-timeout".utf8)
}
