import JSON

/// Fields that come from the path or the query. They are written behind the body: on the wire the last value of a
/// field counts and messages merge, so that they complete and override what the body says, without a tree in between.
extension MessageEncoder {
    mutating func encode(text: String, at path: FieldPath) throws(TranscodingFailure) {
        do throws(TranscodingFailure) {
            guard let target = path.target(in: schema) else {
                throw .request("can't be given as text; its JSON belongs into the body")
            }
            try encode(Self.value(text, target), path.fields[...])
        } catch {
            throw error.within(path.names)
        }
    }

    private mutating func encode(
        _ value: JSONValue, _ fields: ArraySlice<Field>
    ) throws(TranscodingFailure) {
        guard let field = fields.first else { return }
        guard fields.count > 1 else { return try encodeSingle(value, field, keepsDefault: true, depth: 1) }
        try nested(field.number) { encoder throws(TranscodingFailure) in
            try encoder.encode(value, fields.dropFirst())
        }
    }

    private static func value(_ text: String, _ target: FieldPath.Target) -> JSONValue {
        switch target {
        case .scalar(.bool), .wellKnown(.wrapper(.bool)):
            text == "true" ? .bool(true) : text == "false" ? .bool(false) : .string(text)
        default: .string(text)
        }
    }
}
