/// An aggregation as configured: the steps, and the answer that is made of theirs. Sizes in bytes, times in microseconds.
package struct AggregationPlan: Hashable, Sendable {
    /// In the order of the configuration; references count them by their places.
    package var steps: [AggregationStep]
    package var graph: AggregationGraph
    package var body: BodyTemplate
    package var status = 200
    package var headers: [NamedTemplate] = []
    /// Of all steps together.
    package var timeoutMicroseconds = 10_000_000
    /// Of all steps' answers together.
    package var maximumBytes = 4 << 20
    /// The member of the answer that tells of missing parts; nil: none does.
    package var partialMember: String? = "partial"
    /// Whether `Server-Timing` says how long each step took.
    package var showsTiming = false

    package init(steps: [AggregationStep], graph: AggregationGraph, body: BodyTemplate) {
        self.steps = steps
        self.graph = graph
        self.body = body
    }
}

/// A text for a header field or a query parameter.
package struct NamedTemplate: Hashable, Sendable {
    package var name: String
    package var value: AggregationTemplate

    package init(_ name: String, _ value: AggregationTemplate) {
        self.name = name
        self.value = value
    }
}

/// One request of an aggregation, or one for each element of a list.
package struct AggregationStep: Hashable, Sendable {
    package var name: String
    /// The name of an upstream.
    package var upstream: String
    package var method = "GET"
    package var path: AggregationTemplate
    package var query: [NamedTemplate] = []
    /// In place of the client's fields of the same names.
    package var headers: [NamedTemplate] = []
    /// Fields of the client's that the step doesn't carry; in lower case.
    package var removedHeaders: [String] = []
    package var body: BodyTemplate?
    /// Retries included, and all elements. Nil: what the upstream and the whole allow.
    package var timeoutMicroseconds: Int?
    package var isOptional = false
    /// The list for whose elements the step is made.
    package var each: AggregationReference?
    package var parallel = 8
    package var mostItems = 100
    /// Of one answer.
    package var maximumBytes = 1 << 20

    package init(name: String, upstream: String, path: AggregationTemplate) {
        self.name = name
        self.upstream = upstream
        self.path = path
    }

    /// All that has to be known before it can begin.
    package var references: [AggregationReference] {
        path.references + (query + headers).flatMap(\.value.references) + (body?.references ?? [])
            + (each.map { [$0] } ?? [])
    }

    /// The places of the steps whose answers it refers to.
    package var needs: Set<Int> { Set(references.compactMap(\.step)) }
}

extension AggregationPlan {
    /// What of the client's request the answer depends on, besides what its services make of the fields they see.
    package var requestReferences: Set<RequestReference> {
        let references = steps.flatMap(\.references) + body.references + headers.flatMap(\.value.references)
        return Set(references.compactMap { if case .request(let reference) = $0 { reference } else { nil } })
    }

    /// A reference to a step's answer or an element, as it is written.
    package func name(of reference: AggregationReference) -> String {
        switch reference {
        case .step(let place, let path): ([steps[place].name] + path).joined(separator: ".")
        case .item(let path): (["item"] + path).joined(separator: ".")
        case .index: "index"
        case .request: "request"
        }
    }
}
