import JSON

/// Writes the JSON of a request as a message of the wire format, by its descriptor (proto3 JSON mapping). Fields come
/// out in the order of their numbers, and defaults without presence are left out, as protobuf's own libraries do it.
struct MessageEncoder {
    let schema: Schema
    let options: TranscodingOptions
    var writer = WireWriter()

    init(_ schema: Schema, _ options: TranscodingOptions) {
        self.schema = schema
        self.options = options
    }

    /// Writes the fields of the message `type`, without tag or length.
    mutating func encode(_ value: JSONValue, as type: Int, depth: Int = 1) throws(TranscodingFailure) {
        guard depth <= TranscodingOptions.maximumDepth else {
            throw .request("is nested deeper than \(TranscodingOptions.maximumDepth)")
        }
        let message = schema.messages[type]
        if let wellKnown = message.wellKnown {
            return try encode(value, asWellKnown: wellKnown, depth: depth)
        }
        guard let object = value.object else { throw .request("must be an object") }
        try encode(object.members, of: message, depth: depth)
    }

    mutating func encode(
        _ members: [JSONObject.Member], of message: MessageType, depth: Int
    ) throws(TranscodingFailure) {
        var given: [(index: Int, value: JSONValue)] = []
        given.reserveCapacity(members.count)
        for member in members {
            guard let index = message.index(ofName: member.name) else {
                guard options.ignoresUnknownFields else {
                    throw .request("has a member \"\(member.name)\" that \(message.name) doesn't define")
                }
                continue
            }
            if member.value != .null || acceptsNull(message.fields[index]) { given.append((index, member.value)) }
        }
        given.sort { $0.index < $1.index }
        try checkUnique(given.map { message.fields[$0.index] })
        for (index, value) in given { try encode(value, field: message.fields[index], depth: depth) }
    }

    /// A field may be given by its JSON name or its own, but not by both; of a oneof at most one member.
    private func checkUnique(_ fields: [Field]) throws(TranscodingFailure) {
        for (left, right) in zip(fields, fields.dropFirst()) where left.number == right.number {
            throw TranscodingFailure.request("is given twice, as \"\(left.name)\" and as \"\(left.jsonName)\"")
                .within(left.jsonName)
        }
        var members: [Int: Field] = [:]
        for field in fields {
            guard let oneof = field.oneof else { continue }
            if let other = members.updateValue(field, forKey: oneof) {
                throw TranscodingFailure.request("can't be given together with \"\(other.jsonName)\" (oneof)")
                    .within(field.jsonName)
            }
        }
    }

    /// Null stands for absence, except where a message has a null of its own.
    private func acceptsNull(_ field: Field) -> Bool {
        guard !field.isRepeated else { return false }
        switch field.kind {
        case .message(let index): return schema.messages[index].wellKnown == .value
        case .enumeration(let index): return schema.enums[index].isNullValue
        default: return false
        }
    }

    private mutating func encode(_ value: JSONValue, field: Field, depth: Int) throws(TranscodingFailure) {
        do throws(TranscodingFailure) {
            if field.isMap { return try encodeMap(value, field, depth: depth) }
            if field.isRepeated { return try encodeList(value, field, depth: depth) }
            try encodeSingle(value, field, keepsDefault: field.hasPresence, depth: depth)
        } catch {
            throw error.within(field.jsonName)
        }
    }

    /// Writes one value with its tag. A default is taken back unless the field tells "absent" from "default".
    mutating func encodeSingle(
        _ value: JSONValue, _ field: Field, keepsDefault: Bool, depth: Int
    ) throws(TranscodingFailure) {
        if case .message(let index) = field.kind {
            return try nested(field.number) { encoder throws(TranscodingFailure) in
                try encoder.encode(value, as: index, depth: depth + 1)
            }
        }
        let start = writer.bytes.count
        writer.appendTag(field.number, field.kind.wireType)
        let isDefault = try encodeScalar(value, field.kind)
        if isDefault == .skipped || (isDefault == .isDefault && !keepsDefault) { writer.truncate(to: start) }
    }

    private mutating func encodeList(_ value: JSONValue, _ field: Field, depth: Int) throws(TranscodingFailure) {
        guard let elements = value.array else { throw .request("must be an array") }
        guard !elements.isEmpty else { return }
        let isPacked = field.isPacked
        func encodeAll(_ encoder: inout MessageEncoder) throws(TranscodingFailure) {
            for (index, element) in elements.enumerated() {
                do throws(TranscodingFailure) {
                    if isPacked {
                        _ = try encoder.encodeScalar(element, field.kind)
                    } else {
                        try encoder.encodeSingle(element, field, keepsDefault: true, depth: depth)
                    }
                } catch {
                    throw error.within("[\(index)]")
                }
            }
        }
        guard isPacked else { return try encodeAll(&self) }
        try nested(field.number, encodeAll)
    }

    private mutating func encodeMap(_ value: JSONValue, _ field: Field, depth: Int) throws(TranscodingFailure) {
        guard let object = value.object, case .message(let entryIndex) = field.kind else {
            throw .request("must be an object")
        }
        let entry = schema.messages[entryIndex]
        let (key, content) = (entry.fields[0], entry.fields[1])
        for member in object.members {
            do throws(TranscodingFailure) {
                if isUnknownEnum(member.value, content) { continue }
                try nested(field.number) { encoder throws(TranscodingFailure) in
                    try encoder.encodeSingle(
                        Self.keyValue(member.name, key.kind), key, keepsDefault: true, depth: depth)
                    try encoder.encodeSingle(member.value, content, keepsDefault: true, depth: depth)
                }
            } catch {
                throw error.within("[\"\(member.name)\"]")
            }
        }
    }

    /// Where unknown names are ignored, an entry with an unknown enum value goes as a whole.
    private func isUnknownEnum(_ value: JSONValue, _ field: Field) -> Bool {
        guard options.ignoresUnknownFields, case .enumeration(let index) = field.kind, let name = value.string else {
            return false
        }
        return schema.enums[index].numberByName[name] == nil && ExactInteger.signed(name) == nil
    }

    /// Keys are strings in JSON whatever their type.
    private static func keyValue(_ text: String, _ kind: Field.Kind) -> JSONValue {
        guard kind == .bool else { return .string(text) }
        return text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
    }

    /// Writes a length-delimited field with this encoder's own methods.
    mutating func nested(
        _ number: Int, _ body: (inout MessageEncoder) throws(TranscodingFailure) -> Void
    ) throws(TranscodingFailure) {
        try writer.appendNested(number) { writer throws(TranscodingFailure) in
            var encoder = MessageEncoder(schema, options)
            swap(&encoder.writer, &writer)
            defer { swap(&encoder.writer, &writer) }
            try body(&encoder)
        }
    }
}
