/// What a template of an aggregation refers to: what any template of a route may, and what the steps have answered.
package enum AggregationReference: Hashable, Sendable {
    /// A part of a step's answer. The step is told by its place; the path leads through names of members, places of
    /// elements, and `*` for all elements.
    case step(Int, path: [String])
    /// A part of the element that the step is made for (`each`).
    case item(path: [String])
    /// The element's place in its list, from 0.
    case index
    case request(RequestReference)

    package var step: Int? { if case .step(let place, _) = self { place } else { nil } }
}

package typealias AggregationTemplate = Template<AggregationReference>

/// The names that a template of an aggregation may use: steps before all others.
package struct AggregationScope: Hashable, Sendable {
    /// In the order of the configuration.
    package let steps: [String]
    private let request: RequestScope
    /// Whether it is for a step that is made for each element of a list.
    private var hasItem = false

    /// What a step can't be called, since it means something else in templates.
    package static let reserved: Set<String> = [
        "item", "index", "claims", "header", "query", "cookie", "consumer", "node", "route", "request_id", "client",
        "method", "path", "host", "scheme", "rest",
    ]

    package init(steps: [String], path: PathPattern?) {
        self.steps = steps
        request = RequestScope(path)
    }

    package var withItem: AggregationScope {
        var scope = self
        scope.hasItem = true
        return scope
    }

    package func template(_ text: String) throws(TemplateProblem) -> AggregationTemplate {
        try AggregationTemplate(TemplateText(text)) { expression throws(TemplateProblem) in try bind(expression) }
    }

    private func bind(_ expression: TemplateExpression) throws(TemplateProblem) -> AggregationReference {
        let words = expression.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let rest = Array(words.dropFirst())
        guard let first = words.first, !words.contains("") else {
            throw TemplateProblem(
                "{\(expression.name)} has an empty name in it", hint: "write names with one dot between them",
                at: expression.offset)
        }
        if let place = steps.firstIndex(of: first) { return .step(place, path: rest) }
        if first == "item" || first == "index" { return try bindItem(first, rest, expression) }
        do throws(TemplateProblem) {
            return .request(try request.bind(expression))
        } catch {
            guard !steps.isEmpty, !Self.reserved.contains(first) else { throw error }
            let names = steps.map { "{\($0)}" }.joined(separator: ", ")
            throw TemplateProblem(
                "{\(expression.name)} is unknown here: there is no step \"\(first)\"",
                hint: "the steps are \(names)", at: error.offset)
        }
    }

    private func bindItem(
        _ first: String, _ rest: [String], _ expression: TemplateExpression
    ) throws(TemplateProblem) -> AggregationReference {
        guard hasItem else {
            throw TemplateProblem(
                "{\(expression.name)} is about an element of a list, and this is not made for each of one",
                hint: "only steps with each have it", at: expression.offset)
        }
        guard first == "index" else { return .item(path: rest) }
        guard rest.isEmpty else {
            throw TemplateProblem("{index} is a number, without parts", hint: "write {index}", at: expression.offset)
        }
        return .index
    }
}
