import JSON

/// Messages that JSON writes in a form of their own. Their field numbers are fixed by protobuf.
extension MessageEncoder {
    mutating func encode(
        _ value: JSONValue, asWellKnown type: WellKnownType, depth: Int
    ) throws(TranscodingFailure) {
        switch type {
        case .timestamp:
            guard let text = value.string, let instant = TimestampText.parse(text) else {
                throw .request("must be a time by RFC 3339, such as 2026-01-31T12:00:00.5Z")
            }
            appendSeconds(instant)
        case .duration:
            guard let text = value.string, let duration = DurationText.parse(text) else {
                throw .request("must be a duration in seconds, such as 1.5s")
            }
            appendSeconds(duration)
        case .fieldMask: try encodeFieldMask(value)
        case .structure: try encodeStruct(value, depth: depth)
        case .value: try encodeValue(value, depth: depth)
        case .listValue: try encodeListValue(value, depth: depth)
        case .any: try encodeAny(value, depth: depth)
        case .wrapper(let kind):
            let start = writer.bytes.count
            writer.appendTag(1, kind.wireType)
            if try encodeScalar(value, kind) == .isDefault { writer.truncate(to: start) }
        }
    }

    private mutating func appendSeconds(_ time: SecondsAndNanos) {
        if time.seconds != 0 {
            writer.appendTag(1, .varint)
            writer.appendVarint(UInt64(bitPattern: time.seconds))
        }
        if time.nanos != 0 {
            writer.appendTag(2, .varint)
            writer.appendVarint(UInt64(bitPattern: Int64(time.nanos)))
        }
    }

    private mutating func encodeFieldMask(_ value: JSONValue) throws(TranscodingFailure) {
        guard let text = value.string else { throw .request("must be a string of field names with commas") }
        for path in text.split(separator: ",", omittingEmptySubsequences: true) {
            guard let name = FieldName.snake(path) else {
                throw .request("must hold field names in lowerCamelCase with commas")
            }
            writer.appendTag(1, .bytes)
            writer.appendPrefixed(name.utf8)
        }
    }

    private mutating func encodeStruct(_ value: JSONValue, depth: Int) throws(TranscodingFailure) {
        guard let object = value.object else { throw .request("must be an object") }
        for member in object.members {
            try nested(1) { entry throws(TranscodingFailure) in
                entry.writer.appendTag(1, .bytes)
                entry.writer.appendPrefixed(member.name.utf8)
                try entry.nested(2) { encoder throws(TranscodingFailure) in
                    try encoder.encodeValue(member.value, depth: depth + 1)
                }
            }
        }
    }

    private mutating func encodeListValue(_ value: JSONValue, depth: Int) throws(TranscodingFailure) {
        guard let elements = value.array else { throw .request("must be an array") }
        for element in elements {
            try nested(1) { encoder throws(TranscodingFailure) in
                try encoder.encodeValue(element, depth: depth + 1)
            }
        }
    }

    private mutating func encodeValue(_ value: JSONValue, depth: Int) throws(TranscodingFailure) {
        guard depth <= TranscodingOptions.maximumDepth else {
            throw .request("is nested deeper than \(TranscodingOptions.maximumDepth)")
        }
        switch value {
        case .null:
            writer.appendTag(1, .varint)
            writer.appendVarint(0)
        case .number:
            writer.appendTag(2, .fixed64)
            _ = try encodeScalar(value, .double)
        case .string(let text):
            writer.appendTag(3, .bytes)
            writer.appendPrefixed(text.utf8)
        case .bool(let isTrue):
            writer.appendTag(4, .varint)
            writer.appendVarint(isTrue ? 1 : 0)
        case .object:
            try nested(5) { encoder throws(TranscodingFailure) in try encoder.encodeStruct(value, depth: depth) }
        case .array:
            try nested(6) { encoder throws(TranscodingFailure) in try encoder.encodeListValue(value, depth: depth) }
        }
    }

    /// `{"@type": URL, …fields}`, or `{"@type": URL, "value": …}` where the type's JSON is no object of fields.
    private mutating func encodeAny(_ value: JSONValue, depth: Int) throws(TranscodingFailure) {
        guard let object = value.object else { throw .request("must be an object") }
        if object.members.isEmpty { return }
        guard let url = object["@type"]?.string, let index = AnyType.index(of: url, in: schema) else {
            throw .request("must have an \"@type\" that names a message of the descriptor set")
        }
        writer.appendTag(1, .bytes)
        writer.appendPrefixed(url.utf8)
        let message = schema.messages[index]
        let fields = object.members.filter { $0.name != "@type" }
        let start = writer.bytes.count
        try nested(2) { encoder throws(TranscodingFailure) in
            guard message.wellKnown != nil else {
                guard depth < TranscodingOptions.maximumDepth else {
                    throw .request("is nested deeper than \(TranscodingOptions.maximumDepth)")
                }
                return try encoder.encode(fields, of: message, depth: depth + 1)
            }
            guard fields.count == 1, fields[0].name == "value" else {
                throw .request("must have one \"value\" beside its \"@type\"")
            }
            try encoder.encode(fields[0].value, as: index, depth: depth + 1)
        }
        // Tag and length only: a message of defaults, which is not sent.
        if writer.bytes.count == start + 2 { writer.truncate(to: start) }
    }
}

/// The type of an `Any`, by the part of its URL behind the last slash.
enum AnyType {
    static func index(of url: String, in schema: Schema) -> Int? {
        guard let slash = url.utf8.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return schema.message(named: String(url[url.index(after: slash)...]))
    }
}
