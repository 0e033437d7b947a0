import JSON

/// Numbers, booleans, strings, bytes and enums of a response.
extension MessagePrinter {
    mutating func printSingle(
        _ value: WireReader.Value, _ kind: Field.Kind, depth: Int
    ) throws(TranscodingFailure) {
        switch value {
        case .varint(let bits): printVarint(bits, kind)
        case .fixed32(let bits): printFixed32(bits, kind)
        case .fixed64(let bits): printFixed64(bits, kind)
        case .bytes(let bytes): try printBytes(bytes, kind, depth: depth)
        }
    }

    private mutating func printVarint(_ bits: UInt64, _ kind: Field.Kind) {
        switch kind {
        case .bool: append(bits == 0 ? "false" : "true")
        case .int32: append(String(Int32(truncatingIfNeeded: bits)))
        case .uint32: append(String(UInt32(truncatingIfNeeded: bits)))
        case .sint32:
            let bits = UInt32(truncatingIfNeeded: bits)
            append(String(Int32(bitPattern: bits >> 1) ^ -Int32(bits & 1)))
        case .sint64: append("\"\(Int64(bitPattern: bits >> 1) ^ -Int64(bits & 1))\"")
        case .uint64: append("\"\(bits)\"")
        case .enumeration(let index): printEnum(Int32(truncatingIfNeeded: bits), schema.enums[index])
        default: append("\"\(Int64(bitPattern: bits))\"")
        }
    }

    private mutating func printFixed32(_ bits: UInt32, _ kind: Field.Kind) {
        switch kind {
        case .float: printFloating(Float(bitPattern: bits))
        case .sfixed32: append(String(Int32(bitPattern: bits)))
        default: append(String(bits))
        }
    }

    private mutating func printFixed64(_ bits: UInt64, _ kind: Field.Kind) {
        switch kind {
        case .double: printFloating(Double(bitPattern: bits))
        case .sfixed64: append("\"\(Int64(bitPattern: bits))\"")
        default: append("\"\(bits)\"")
        }
    }

    private mutating func printBytes(
        _ bytes: ArraySlice<UInt8>, _ kind: Field.Kind, depth: Int
    ) throws(TranscodingFailure) {
        switch kind {
        case .string: try printString(bytes)
        case .message(let index): try print(bytes, as: index, depth: depth + 1)
        default:
            text.append(UInt8(ascii: "\""))
            Base64.append(bytes, to: &text)
            text.append(UInt8(ascii: "\""))
        }
    }

    mutating func printString(_ bytes: ArraySlice<UInt8>) throws(TranscodingFailure) {
        guard let string = String(validating: bytes, as: UTF8.self) else { throw .response("is not valid UTF-8") }
        JSONWriter.append(string, to: &text)
    }

    /// The shortest digits that read back as the same value, whole numbers without `.0`.
    mutating func printFloating(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        guard value.isFinite else {
            return append(value.isNaN ? "\"NaN\"" : value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        }
        let digits = value.description
        append(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
    }

    private mutating func printEnum(_ number: Int32, _ type: EnumType) {
        if type.isNullValue { return append("null") }
        guard !options.printsEnumsAsNumbers, let name = type.nameByNumber[number] else {
            return append(String(number))
        }
        JSONWriter.append(name, to: &text)
    }

    /// What an absent field is worth.
    mutating func printDefault(_ kind: Field.Kind) {
        switch kind {
        case .bool: append("false")
        case .string, .bytes: append("\"\"")
        case .int64, .uint64, .sint64, .fixed64, .sfixed64: append("\"0\"")
        case .enumeration(let index): printEnum(schema.enums[index].firstNumber, schema.enums[index])
        case .message: append("null")
        default: append("0")
        }
    }

    mutating func append(_ string: String) {
        text.append(contentsOf: string.utf8)
    }
}
