import Policies

/// `aggregate` of a route: it is answered from several services.
package struct RouteAggregate: Sendable {
    package var plan: AggregationPlan
    /// What is kept of the steps' answers, by their places; nil: nothing.
    package var caches: [RouteCacheSettings?]

    static let mostSteps = 32

    /// - Parameter path: the route's, whose parameters templates may name.
    static func kind(path: PathPattern?) -> Kind<RouteAggregate> {
        .section("aggregate", "a mapping such as { steps: { order: { upstream: orders, path: \"/orders/{id}\" } } }") {
            section in
            let scope = AggregationScope(steps: stepNames(section), path: path)
            reportAmbiguous(scope, path, section)
            let steps = section.required(
                "steps", .steps(scope),
                "The requests it makes, by name; what refers to another one's answer waits for it.")
            let body = section.optional(
                "body", .bodyTemplate(scope),
                "The answer: JSON with references such as \"{order.id}\"; absent: the steps' answers by their names.")
            var settings = AnswerSettings()
            settings.read(section, scope)
            guard let steps, !steps.isEmpty, let graph = graph(of: steps, section) else { return nil }
            var plan = AggregationPlan(steps: steps.map(\.step), graph: graph, body: body ?? allAnswers(steps))
            settings.apply(to: &plan)
            reportTakenMember(plan, section)
            return RouteAggregate(plan: plan, caches: steps.map(\.cache))
        }
    }

    /// As written: a step that is not valid may still be referred to.
    private static func stepNames(_ section: SectionReader) -> [String] {
        guard section.has("steps"), case .mapping(let entries) = section.place(of: "steps").node.content else {
            return []
        }
        return entries.map(\.key)
    }

    private static func reportAmbiguous(_ scope: AggregationScope, _ path: PathPattern?, _ section: SectionReader) {
        for name in path?.parameterNames ?? [] where scope.steps.contains(name) {
            section.place(of: "steps").report(
                "{\(name)} could be the step or the parameter of the path", hint: "give one of them another name")
        }
    }

    private static func graph(of steps: [StepSettings], _ section: SectionReader) -> AggregationGraph? {
        let parts = steps.map { AggregationGraph.Step(needs: $0.step.needs, isOptional: $0.step.isOptional) }
        // A reference to a step that is not valid, which was reported.
        guard parts.allSatisfy({ $0.needs.allSatisfy(steps.indices.contains) }) else { return nil }
        do throws(AggregationGraph.Cycle) {
            return try AggregationGraph(parts)
        } catch {
            let names = error.steps.map { steps[$0].step.name }
            section.place(of: "steps").report(
                names.count == 1
                    ? "the step \(names[0]) refers to its own answer"
                    : "the steps \(names.joined(separator: ", ")) wait for each other: \((names + [names[0]]).joined(separator: " needs "))",
                hint: "remove one of the references")
            return nil
        }
    }

    private static func allAnswers(_ steps: [StepSettings]) -> BodyTemplate {
        let scope = AggregationScope(steps: steps.map(\.step.name), path: nil)
        return .object(
            steps.compactMap { step in
                (try? scope.template("{\(step.step.name)}")).map { .init(step.step.name, .text($0)) }
            })
    }

    private static func reportTakenMember(_ plan: AggregationPlan, _ section: SectionReader) {
        guard let member = plan.partialMember, plan.steps.contains(where: \.isOptional),
            case .object(let members) = plan.body, members.contains(where: { $0.name == member })
        else { return }
        section.place(of: "body").report(
            "the body has a member \(quoted(member)), which tells that something is missing",
            hint: "write partial: off, or partial: ANOTHER_NAME")
    }
}

/// What of the answer is not its body.
private struct AnswerSettings {
    var status = 200
    var headers: [NamedTemplate] = []
    var timeoutMicroseconds = 10_000_000
    var maximumBytes = 4 << 20
    var partialMember: String? = "partial"
    var showsTiming = false

    mutating func read(_ section: SectionReader, _ scope: AggregationScope) {
        status = section.value("status", .integer(200...299), default: 200, "The status of the answer.")
        headers = section.value(
            "headers", .headerTemplates(scope), default: [], "Header fields of the answer.")
        timeoutMicroseconds = section.value(
            "timeout", .duration(1_000...3_600_000_000), default: timeoutMicroseconds,
            "How long all of it may take; what is optional and not there by then is missing.")
        maximumBytes = section.value(
            "max_size", .size(1...(256 << 20)), default: maximumBytes, "Of all steps' answers together.")
        partialMember = section.value(
            "partial",
            .word("off", nil, or: Kind<String>.text("the name of a member").map { name, _ in .some(name) }),
            default: "partial", "The member, true, that tells that an optional step is missing; off: none.")
        showsTiming = section.value(
            "server_timing", .boolean, default: false, "Whether Server-Timing says how long each step took.")
    }

    func apply(to plan: inout AggregationPlan) {
        plan.status = status
        plan.headers = headers
        plan.timeoutMicroseconds = timeoutMicroseconds
        plan.maximumBytes = maximumBytes
        plan.partialMember = partialMember
        plan.showsTiming = showsTiming
    }
}
