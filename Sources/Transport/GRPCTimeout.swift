import HTTPWire

/// How long a gRPC client waits: `grpc-timeout: 250m` (gRPC over HTTP/2, "Timeout").
enum GRPCTimeout {
    /// In microseconds; nil if the request says nothing that can be understood.
    static func of(_ fields: FieldSection) -> Int? {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("grpc-timeout") {
            return microseconds(fields.value(index))
        }
        return nil
    }

    /// At most eight digits and a unit.
    static func microseconds(_ value: Bytes) -> Int? {
        guard (2...9).contains(value.count), let count = Decimal.parse(value.slice(0, value.count - 1)) else {
            return nil
        }
        switch value[value.count - 1] {
        case UInt8(ascii: "H"): return count * 3_600_000_000
        case UInt8(ascii: "M"): return count * 60_000_000
        case UInt8(ascii: "S"): return count * 1_000_000
        case UInt8(ascii: "m"): return count * 1000
        case UInt8(ascii: "u"): return count
        case UInt8(ascii: "n"): return max(count / 1000, 1)
        default: return nil
        }
    }
}
