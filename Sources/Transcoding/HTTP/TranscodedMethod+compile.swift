/// Checking a rule against the messages, once, when the configuration is loaded.
extension TranscodedMethod {
    /// A route's own mapping: the route's path parameters are fields of the message, the query names others, and a
    /// body, where there is one, is the whole message.
    package init(
        _ name: String, parameters: [String], in set: DescriptorSet, options: TranscodingOptions = TranscodingOptions()
    ) throws(DescriptorFailure) {
        let name = name.hasPrefix("/") ? String(name.dropFirst()) : name
        guard let method = set.methods[name] else {
            let known = set.methodNames.prefix(8).joined(separator: ", ")
            throw DescriptorFailure(
                "the descriptor set has no method \"\(name)\"; it has \(known.isEmpty ? "none" : known)")
        }
        try self.init(method, httpMethod: "", nil, parameters, .whole, acceptsQuery: true, nil, set, options)
    }

    init(
        _ method: MethodType, _ rule: HTTPRule, in set: DescriptorSet, options: TranscodingOptions
    ) throws(DescriptorFailure) {
        let place = "method \(method.name)"
        guard !rule.method.isEmpty else { throw DescriptorFailure("\(place): its HTTP rule has no method and path") }
        let template = try PathTemplate(parsing: rule.pattern)
        let body: Body
        switch rule.body {
        case "": body = .none
        case "*": body = .whole
        case let name:
            guard let field = set.schema.messages[method.input].field(named: name) else {
                throw DescriptorFailure("\(place): its body \"\(name)\" is no field of the request message")
            }
            body = .field(field)
        }
        var responseField: Int?
        if !rule.responseBody.isEmpty {
            responseField = set.schema.messages[method.output].index(ofName: rule.responseBody)
            guard responseField != nil else {
                throw DescriptorFailure(
                    "\(place): its response_body \"\(rule.responseBody)\" is no field of the response message")
            }
        }
        try self.init(
            method, httpMethod: rule.method, template, template.variables.map(\.fieldPath), body,
            acceptsQuery: rule.body != "*", responseField, set, options)
    }

    private init(
        _ method: MethodType, httpMethod: String, _ template: PathTemplate?, _ parameters: [String], _ body: Body,
        acceptsQuery: Bool, _ responseField: Int?, _ set: DescriptorSet, _ options: TranscodingOptions
    ) throws(DescriptorFailure) {
        guard !method.isClientStreaming else {
            throw DescriptorFailure(
                "method \(method.name) takes a stream of messages, which one JSON request can't be; call it over gRPC")
        }
        self.path = "/" + method.name
        self.isServerStreaming = method.isServerStreaming
        self.httpMethod = httpMethod
        self.template = template
        self.schema = set.schema
        self.options = options
        self.input = method.input
        self.output = method.output
        self.body = body
        self.acceptsQuery = acceptsQuery
        self.responseField = responseField
        self.pathFields = try Self.fields(parameters, of: method, in: set.schema)
    }

    private static func fields(
        _ parameters: [String], of method: MethodType, in schema: Schema
    ) throws(DescriptorFailure) -> [String: FieldPath] {
        var fields: [String: FieldPath] = [:]
        for parameter in parameters {
            let path = FieldPath(parameter, in: method.input, of: schema)
            guard let path, path.target(in: schema) != nil, path.fields.last?.isRepeated == false else {
                throw DescriptorFailure(
                    "method \(method.name): the path parameter \"\(parameter)\" must name a single field of "
                        + "\(schema.messages[method.input].name) that holds no message")
            }
            fields[parameter] = path
        }
        return fields
    }
}
