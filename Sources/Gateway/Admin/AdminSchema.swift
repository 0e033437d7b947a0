import JSON

/// JSON Schemas (2020-12, as OpenAPI 3.1 has them) in the few forms that the admin API needs.
enum AdminSchema {
    static let text: JSONValue = ["type": "string"]
    static let integer: JSONValue = ["type": "integer"]
    static let number: JSONValue = ["type": "number"]
    static let boolean: JSONValue = ["type": "boolean"]
    /// An object that is described elsewhere, or not at all.
    static let any: JSONValue = ["type": "object"]

    static func nullable(_ type: String) -> JSONValue { ["type": [.string(type), "null"]] }

    static func choice(_ words: [String]) -> JSONValue {
        ["type": "string", "enum": .array(words.map { .string($0) })]
    }

    static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    /// - Parameter required: names of members that are always there; nil: all.
    static func object(_ members: KeyValuePairs<String, JSONValue>, required: [String]? = nil) -> JSONValue {
        let names = required ?? members.map(\.key)
        var schema: [(String, JSONValue)] = [
            ("type", "object"), ("properties", JSONValue(members: members.map { ($0.key, $0.value) })),
        ]
        if !names.isEmpty { schema.append(("required", .array(names.map { .string($0) }))) }
        return JSONValue(members: schema)
    }
}
