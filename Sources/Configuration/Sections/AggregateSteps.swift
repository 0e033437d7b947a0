import Policies

/// One of an aggregation's `steps`.
struct StepSettings: Sendable {
    var step: AggregationStep
    /// Nil: nothing is kept of its answers.
    var cache: RouteCacheSettings?
}

extension Kind where Value == [StepSettings] {
    static func steps(_ scope: AggregationScope) -> Kind {
        let step = Kind<StepSettings>.step(scope)
        let entries = Kind.entries(
            noun: "a mapping from names to steps such as { order: { upstream: orders, path: \"/orders/{id}\" } }",
            schema: step.schema
        ) { key, reader -> StepSettings? in
            let isNamed = isStepName(key.key, reader.ofKey(key))
            guard var settings = step.read(reader), isNamed else { return nil }
            settings.step.name = key.key
            return settings
        }
        return entries.map { steps, reader in
            if case .mapping(let written) = reader.node.content, written.isEmpty {
                reader.report(
                    "there are no steps", hint: "name one, such as order: { upstream: orders, path: /orders }")
            }
            guard steps.count <= RouteAggregate.mostSteps else {
                reader.report("there are \(steps.count) steps, and at most \(RouteAggregate.mostSteps) can be made")
                return nil
            }
            // Places are counted by what is written: with one left out they would be wrong.
            return steps.count == scope.steps.count ? steps : nil
        }
    }

    private static func isStepName(_ name: String, _ reader: NodeReader) -> Bool {
        guard !AggregationScope.reserved.contains(name) else {
            reader.report(
                "a step can't be called \(quoted(name)), which means something else in templates",
                hint: "give it another name")
            return false
        }
        let isLetter: (UInt8) -> Bool = { (0x61...0x7A).contains($0 | 0x20) || $0 == UInt8(ascii: "_") }
        guard let first = name.utf8.first, isLetter(first), name.utf8.count <= 64,
            name.utf8.allSatisfy({ isLetter($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") })
        else {
            reader.report(
                "\(quoted(name)): expected the name of a step: up to 64 letters, digits, \"_\" or \"-\", no digit first"
            )
            return false
        }
        return true
    }
}

extension Kind where Value == StepSettings {
    fileprivate static func step(_ scope: AggregationScope) -> Kind {
        .section("step", "a mapping such as { upstream: users, path: \"/users/{order.user_id}\" }") { section in
            let scope = section.has("each") ? scope.withItem : scope
            let upstream = section.required("upstream", .reference(to: .upstreams), "The service that is asked.")
            let path = section.required("path", .stepPath(scope), "What it is asked for; values are escaped.")
            var step = AggregationStep(name: "", upstream: upstream ?? "", path: path?.template ?? .empty)
            step.query = path?.query ?? []
            step.readRequest(section, scope)
            step.readBounds(section)
            step.readList(section, scope)
            let cache = section.value(
                "cache", RouteCacheSettings.kind, default: nil, "What of its answers is kept, and how long.")
            guard upstream != nil, path != nil else { return nil }
            if let cache, let any = try? PathPattern("/**") {
                RouteCacheSettings.check(
                    cache, any, methods: [step.method], isOpen: false, section.place(of: "cache"))
            }
            return StepSettings(step: step, cache: cache)
        }
    }
}

extension AggregationStep {
    fileprivate mutating func readRequest(_ section: SectionReader, _ scope: AggregationScope) {
        let method = section.optional(
            "method", .choice(["GET": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE"]),
            "Absent: GET, or POST with a body.")
        query += section.value(
            "query", .queryTemplates(scope), default: [], "Query parameters; those without a value are left out.")
        let fields = section.value(
            "headers", .stepHeaders(scope), default: StepHeaders(),
            "Header fields in place of the client's: { NAME: text }, or { set: { NAME: text }, remove: [NAME] }.")
        headers = fields.set
        removedHeaders = fields.remove
        body = section.optional("body", .bodyTemplate(scope), "A JSON body.")
        self.method = method ?? (body == nil ? "GET" : "POST")
        if section.has("body"), method == "GET" {
            section.place(of: "body").report("a GET request has no body", hint: "write method: POST, or remove body")
        }
    }

    fileprivate mutating func readBounds(_ section: SectionReader) {
        timeoutMicroseconds = section.optional(
            "timeout", .duration(1_000...3_600_000_000),
            "How long it may take, with retries, and for all elements; absent: what the upstream allows.")
        isOptional = section.value(
            "optional", .boolean, default: false, "Whether the whole can be answered without it; it is null then.")
        maximumBytes = section.value(
            "max_size", .size(1...(64 << 20)), default: maximumBytes, "The longest answer that is taken.")
    }

    fileprivate mutating func readList(_ section: SectionReader, _ scope: AggregationScope) {
        each = section.optional(
            "each", .listReference(scope), "A list, such as order.items: the step is made for each {item} of it.")
        parallel = section.value(
            "parallel", .integer(1...100), default: parallel, "How many elements are asked for at a time.")
        mostItems = section.value(
            "max_items", .integer(1...1000), default: mostItems, "A longer list makes the step fail.")
        guard !section.has("each") else { return }
        for name in ["parallel", "max_items"] where section.has(name) {
            section.place(of: name).report(
                "\(name) is for steps that are made for each element of a list", hint: "add each")
        }
    }
}
