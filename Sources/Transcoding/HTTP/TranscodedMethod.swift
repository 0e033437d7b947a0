import JSON

/// One way to call a gRPC method over HTTP with JSON: how a request's path, query and body make the message, and what
/// of the answer is printed. Immutable; shared by all workers.
package struct TranscodedMethod: Sendable {
    enum Body: Sendable {
        case none
        /// The whole message (`*`, or the route's own mapping).
        case whole
        case field(Field)
    }

    /// The `:path` of the call: `/helloworld.Greeter/SayHello`.
    package let path: String
    package let isServerStreaming: Bool
    /// The HTTP method of the rule; empty in a route's own mapping, where the route matched already.
    package let httpMethod: String
    /// Nil in a route's own mapping.
    package let template: PathTemplate?

    let schema: Schema
    let options: TranscodingOptions
    let input: Int
    let output: Int
    let body: Body
    let acceptsQuery: Bool
    let responseField: Int?
    let pathFields: [String: FieldPath]

    /// The message of a request. `captures` are path parameters by field, decoded; `query` is raw, without `?`.
    package func request(
        captures: [PathTemplate.Capture], query: some Collection<UInt8>, body: [UInt8]
    ) throws(TranscodingFailure) -> [UInt8] {
        var encoder = MessageEncoder(schema, options)
        try encode(body, &encoder)
        try encode(try QueryFields(query), &encoder)
        for capture in captures {
            if let path = pathFields[capture.fieldPath] { try encoder.encode(text: capture.text, at: path) }
        }
        guard encoder.writer.bytes.count <= options.maximumMessageBytes else {
            throw .request("makes a message longer than \(options.maximumMessageBytes) bytes")
        }
        return encoder.writer.bytes
    }

    private func encode(_ text: [UInt8], _ encoder: inout MessageEncoder) throws(TranscodingFailure) {
        guard !text.isEmpty else { return }
        switch body {
        // The client sent what the rule has no place for; dropping it silently would hide a mistake.
        case .none: throw .request("has a body, but this method takes its fields from path and query only")
        case .whole: try encoder.encode(try read(text), as: input)
        case .field(let field):
            let member = JSONObject.Member(field.jsonName, try read(text))
            try encoder.encode([member], of: schema.messages[input], depth: 1)
        }
    }

    private func read(_ text: [UInt8]) throws(TranscodingFailure) -> JSONValue {
        do throws(JSONFailure) {
            return try JSONReader.read(
                text, maximumBytes: options.maximumMessageBytes, maximumDepth: TranscodingOptions.maximumDepth)
        } catch {
            throw .request("is no JSON: it \(error.reason) at byte \(error.offset)")
        }
    }

    private func encode(_ query: QueryFields, _ encoder: inout MessageEncoder) throws(TranscodingFailure) {
        var given: Set<String> = []
        for parameter in query.parameters {
            guard acceptsQuery, let path = FieldPath(parameter.name, in: input, of: schema) else {
                if options.ignoresUnknownQuery { continue }
                throw .request(
                    "has a query parameter \"\(parameter.name)\" that "
                        + (acceptsQuery ? "names no field of \(schema.messages[input].name)" : "its body must hold"))
            }
            let names = path.names
            guard !pathFields.values.contains(where: { $0.names == names }), !isOfBody(path) else {
                throw .request("has a query parameter \"\(parameter.name)\" whose field comes from the path or body")
            }
            let isRepeated = path.fields.last?.isRepeated ?? false
            guard given.insert(names).inserted || isRepeated else {
                throw .request("has the query parameter \"\(parameter.name)\" twice, but its field holds one value")
            }
            try encoder.encode(text: parameter.value, at: path)
        }
    }

    private func isOfBody(_ path: FieldPath) -> Bool {
        guard case .field(let field) = body else { return false }
        return path.fields[0].number == field.number
    }

    /// The JSON of one message of the answer.
    package func response(_ message: ArraySlice<UInt8>) throws(TranscodingFailure) -> [UInt8] {
        guard message.count <= options.maximumMessageBytes else {
            throw .response("is longer than \(options.maximumMessageBytes) bytes")
        }
        var printer = MessagePrinter(schema, options)
        if let responseField {
            let type = schema.messages[output]
            let gathered = try GatheredFields(message, of: type)
            try printer.print(gathered[responseField], field: type.fields[responseField], depth: 1)
        } else {
            try printer.print(message, as: output)
        }
        try printer.checkSize()
        return printer.text
    }
}
