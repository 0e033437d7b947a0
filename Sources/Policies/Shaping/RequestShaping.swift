/// What a service gets instead of what the client sent. An empty one changes nothing.
package struct RequestShaping: Hashable, Sendable {
    /// Nil: as the client sent it. HEAD stays HEAD, whatever this says.
    package var method: String?
    package var path: PathRewriting?
    package var headers = FieldShaping()
    /// Names and values as they are before they are encoded.
    package var query = FieldShaping()
    package var cookies = FieldShaping()
    package var body = BodyShaping()

    package init() {}

    /// Only the body is changed, if anything.
    package var leavesHead: Bool {
        method == nil && path == nil && headers.isEmpty && query.isEmpty && cookies.isEmpty
    }

    package var isEmpty: Bool { leavesHead && body.isEmpty }

    /// Everything that the service is sent may depend on.
    package var references: Set<RequestReference> {
        var templates = headers.templates + query.templates + cookies.templates
        if let path { templates.append(path.template) }
        return Set(templates.flatMap(\.references) + body.references)
    }
}

/// Another path for a request; its query stays.
package struct PathRewriting: Hashable, Sendable {
    /// Without `**` at its end.
    package let template: Template<RequestReference>
    /// What follows: what `**` stands for in the route's path. Nil: nothing.
    package let rest: RequestReference?

    package init(template: Template<RequestReference>, rest: RequestReference?) {
        self.template = template
        self.rest = rest
    }
}

/// What a client gets instead of what the service answered. An empty one changes nothing.
package struct ResponseShaping: Hashable, Sendable {
    package var headers = FieldShaping()
    package var cookies = ResponseCookies()
    package var body = BodyShaping()
    /// For which the body is shaped; empty: all.
    package var statuses: [ClosedRange<Int>] = []

    package init() {}

    package var leavesHead: Bool { headers.isEmpty && cookies.isEmpty }
    package var isEmpty: Bool { leavesHead && body.isEmpty }

    package func covers(status: Int) -> Bool { statuses.isEmpty || statuses.contains { $0.contains(status) } }
}

/// `Set-Cookie` of responses (RFC 6265 §4.1).
package struct ResponseCookies: Hashable, Sendable {
    package struct Cookie: Hashable, Sendable {
        package let name: String
        package let value: Template<RequestReference>
        /// `; Path=/; Secure`, or nothing.
        package let attributes: String

        package init(name: String, value: Template<RequestReference>, attributes: String) {
            self.name = name
            self.value = value
            self.attributes = attributes
        }
    }

    package var remove: [String] = []
    package var set: [Cookie] = []

    package init() {}

    package var isEmpty: Bool { remove.isEmpty && set.isEmpty }
}

/// What is changed about a body that is JSON, or is to become JSON.
package struct BodyShaping: Hashable, Sendable {
    package enum Form: Hashable, Sendable { case json, form, xml }

    package var steps: [JSONStep] = []
    /// What the body comes as, and what it goes on as; both are `json` unless it is converted.
    package var from = Form.json
    package var to = Form.json
    /// Longer bodies are refused: they have to be held whole.
    package var mostBytes = 4 << 20
    /// A body that is not what it says it is: passed on as it is, instead of refused.
    package var passesInvalid = false

    package init() {}

    package var isEmpty: Bool { steps.isEmpty && from == .json && to == .json }

    package var references: [RequestReference] { steps.flatMap(\.references) }
}
