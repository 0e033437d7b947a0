import JSON

/// Numbers, booleans, strings, bytes and enums of a request.
extension MessageEncoder {
    enum Encoded {
        case isDefault, isOther
        /// An enum name that the options allow to ignore; nothing was written.
        case skipped
    }

    /// Writes a value without its tag.
    mutating func encodeScalar(_ value: JSONValue, _ kind: Field.Kind) throws(TranscodingFailure) -> Encoded {
        switch kind {
        case .double, .float: return try encodeFloating(value, kind)
        case .int32, .sint32, .sfixed32: return try encodeSigned(value, kind, Int64(Int32.min)...Int64(Int32.max))
        case .int64, .sint64, .sfixed64: return try encodeSigned(value, kind, Int64.min...Int64.max)
        case .uint32, .fixed32: return try encodeUnsigned(value, kind, UInt64(UInt32.max))
        case .uint64, .fixed64: return try encodeUnsigned(value, kind, .max)
        case .bool:
            guard case .bool(let isTrue) = value else { throw .request("must be true or false") }
            writer.appendVarint(isTrue ? 1 : 0)
            return isTrue ? .isOther : .isDefault
        case .string:
            guard let text = value.string else { throw .request("must be a string") }
            writer.appendPrefixed(text.utf8)
            return text.isEmpty ? .isDefault : .isOther
        case .bytes:
            guard let text = value.string, let bytes = Base64.decode(text.utf8) else {
                throw .request("must be a string of base64")
            }
            writer.appendPrefixed(bytes)
            return bytes.isEmpty ? .isDefault : .isOther
        case .enumeration(let index): return try encodeEnum(value, schema.enums[index])
        case .message: throw .request("must be an object")
        }
    }

    /// A number, or a string that spells one: 64-bit integers come as strings, others may.
    private func numberText(_ value: JSONValue) -> String? {
        if let number = value.number { return number.text }
        guard let text = value.string, JSONNumber(text) != nil else { return nil }
        return text
    }

    private mutating func encodeSigned(
        _ value: JSONValue, _ kind: Field.Kind, _ range: ClosedRange<Int64>
    ) throws(TranscodingFailure) -> Encoded {
        guard let text = numberText(value), let integer = ExactInteger.signed(text), range.contains(integer) else {
            throw .request("must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        switch kind {
        case .sint32, .sint64: writer.appendVarint(UInt64(bitPattern: integer << 1 ^ integer >> 63))
        case .sfixed32: writer.appendFixed32(UInt32(truncatingIfNeeded: integer))
        case .sfixed64: writer.appendFixed64(UInt64(bitPattern: integer))
        default: writer.appendVarint(UInt64(bitPattern: integer))
        }
        return integer == 0 ? .isDefault : .isOther
    }

    private mutating func encodeUnsigned(
        _ value: JSONValue, _ kind: Field.Kind, _ largest: UInt64
    ) throws(TranscodingFailure) -> Encoded {
        guard let text = numberText(value), let integer = ExactInteger.unsigned(text), integer <= largest else {
            throw .request("must be a whole number from 0 to \(largest)")
        }
        switch kind {
        case .fixed32: writer.appendFixed32(UInt32(integer))
        case .fixed64: writer.appendFixed64(integer)
        default: writer.appendVarint(integer)
        }
        return integer == 0 ? .isDefault : .isOther
    }

    private mutating func encodeFloating(
        _ value: JSONValue, _ kind: Field.Kind
    ) throws(TranscodingFailure) -> Encoded {
        if kind == .float {
            guard let float: Float = floating(value) else { throw .request("must be a number in the range of a float") }
            writer.appendFixed32(float.bitPattern)
            return float.bitPattern == 0 ? .isDefault : .isOther
        }
        guard let double: Double = floating(value) else { throw .request("must be a number in the range of a double") }
        writer.appendFixed64(double.bitPattern)
        return double.bitPattern == 0 ? .isDefault : .isOther
    }

    private func floating<Value: BinaryFloatingPoint & LosslessStringConvertible>(_ value: JSONValue) -> Value? {
        switch value.string {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default: break
        }
        guard let text = numberText(value), let number = Value(text), number.isFinite else { return nil }
        return number
    }

    private mutating func encodeEnum(_ value: JSONValue, _ type: EnumType) throws(TranscodingFailure) -> Encoded {
        guard let number = number(of: value, in: type) else {
            if options.ignoresUnknownFields, value.string != nil { return .skipped }
            throw .request("must be the name or number of a value of \(type.name)")
        }
        writer.appendVarint(UInt64(bitPattern: Int64(number)))
        return number == 0 ? .isDefault : .isOther
    }

    private func number(of value: JSONValue, in type: EnumType) -> Int32? {
        if value == .null, type.isNullValue { return 0 }
        if let name = value.string, let number = type.numberByName[name] { return number }
        guard let text = numberText(value), let number = ExactInteger.signed(text).flatMap({ Int32(exactly: $0) })
        else {
            return nil
        }
        return type.isClosed && type.nameByNumber[number] == nil ? nil : number
    }
}

extension Field.Kind {
    var wireType: WireWriter.WireType {
        switch self {
        case .double, .fixed64, .sfixed64: .fixed64
        case .float, .fixed32, .sfixed32: .fixed32
        case .string, .bytes, .message: .bytes
        default: .varint
        }
    }
}
