/// The known fields of one message, gathered from wherever they stand on the wire: the last value of a scalar, all
/// elements of a repeated field (packed or not), all parts of a message, the last member of a oneof.
struct GatheredFields {
    enum Content {
        case absent
        case one(WireReader.Value)
        case many([WireReader.Value])

        var all: [WireReader.Value] {
            switch self {
            case .absent: []
            case .one(let value): [value]
            case .many(let values): values
            }
        }
    }

    private var contents: [Content]

    init(_ bytes: ArraySlice<UInt8>, of message: MessageType) throws(TranscodingFailure) {
        contents = [Content](repeating: .absent, count: message.fields.count)
        do throws(WireFailure) {
            var reader = WireReader(bytes)
            while let entry = try reader.next() {
                guard let index = message.index(ofNumber: entry.number) else { continue }
                try add(entry.value, to: index, of: message)
            }
        } catch {
            throw .response("is no valid \(message.name): it \(error.reason)")
        }
    }

    subscript(index: Int) -> Content { contents[index] }

    private mutating func add(
        _ value: WireReader.Value, to index: Int, of message: MessageType
    ) throws(WireFailure) {
        let field = message.fields[index]
        guard value.wireType == field.kind.wireType else {
            // A value of the wrong wire type is an unknown field, unless it is a packed list.
            if field.isRepeated, case .bytes(let packed) = value { try addPacked(packed, field.kind, to: index) }
            return
        }
        if field.isRepeated { return append(value, to: index) }
        if let oneof = field.oneof { clear(oneof, except: index, of: message) }
        if case .message = field.kind { return append(value, to: index) }
        contents[index] = .one(value)
    }

    private mutating func addPacked(
        _ bytes: ArraySlice<UInt8>, _ kind: Field.Kind, to index: Int
    ) throws(WireFailure) {
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            switch kind.wireType {
            case .varint: append(.varint(try reader.readVarint()), to: index)
            case .fixed32: append(.fixed32(try reader.readFixed32()), to: index)
            case .fixed64: append(.fixed64(try reader.readFixed64()), to: index)
            case .bytes: return
            }
        }
    }

    private mutating func append(_ value: WireReader.Value, to index: Int) {
        switch contents[index] {
        case .absent: contents[index] = .one(value)
        case .one(let first): contents[index] = .many([first, value])
        case .many(var values):
            contents[index] = .absent
            values.append(value)
            contents[index] = .many(values)
        }
    }

    private mutating func clear(_ oneof: Int, except index: Int, of message: MessageType) {
        for other in contents.indices where other != index && message.fields[other].oneof == oneof {
            contents[other] = .absent
        }
    }

    static func joined(_ parts: [WireReader.Value]) -> ArraySlice<UInt8> {
        var whole: [UInt8] = []
        for case .bytes(let bytes) in parts { whole += bytes }
        return whole[...]
    }
}

extension WireReader.Value {
    var wireType: WireWriter.WireType {
        switch self {
        case .varint: .varint
        case .fixed64: .fixed64
        case .bytes: .bytes
        case .fixed32: .fixed32
        }
    }
}
