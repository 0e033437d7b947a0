import Gateway

/// An explanation for people.
struct ExplanationText {
    private let explanation: Explanation

    init(_ explanation: Explanation) { self.explanation = explanation }

    var text: String {
        let asked = explanation.asked
        let query = asked.query.isEmpty ? "" : "?\(asked.query)"
        var lines = [
            "\(asked.method) http://\(asked.host)\(asked.path)\(query)\(explanation.node.map { " on node \($0)" } ?? "")"
        ]
        lines.append(explanation.outcome)
        if let route = explanation.route { lines += text(of: route) }
        if !explanation.others.isEmpty {
            lines += ["", "other routes:"]
            let width = explanation.others.map(\.route.count).max() ?? 0
            for other in explanation.others {
                let name = other.route.padding(to: width)
                lines.append("  \(name)  \(other.reasons.joined(separator: "; "))")
            }
        }
        return lines.map(Table.harmless).joined(separator: "\n") + "\n"
    }

    private func text(of route: Explanation.Route) -> [String] {
        var lines = ["", "route \(route.name) (\(route.path))"]
        for parameter in route.parameters { lines.append("  {\(parameter.name)} = \(parameter.value)") }
        let width = route.steps.map(\.phase.count).max() ?? 0
        for step in route.steps { lines.append("  \(step.phase.padding(to: width))  \(step.detail)") }
        if !route.limits.isEmpty {
            lines += ["", "limits:"]
            lines += route.limits.map { "  \(text(of: $0))" }
        }
        if !route.cache.isEmpty {
            lines += ["", "cache keys:"]
            lines += route.cache.map { cache in
                let memory = cache.isInMemory.map { $0 ? ": in this node's memory" : ": not in this node's memory" }
                return "  \(cache.key)\(memory ?? "")"
            }
        }
        if !route.upstreams.isEmpty {
            lines += ["", "upstreams:"]
            lines += route.upstreams.map { upstream in
                let breaker = upstream.breaker.map { ", breaker \($0)" } ?? ""
                return "  \(upstream.name): \(upstream.targets.joined(separator: ", "))\(breaker)"
            }
        }
        return lines
    }

    private func text(of limit: Explanation.Limit) -> String {
        var parts = limit.rates
        if let places = limit.concurrency { parts.append("\(places) at once") }
        var text =
            "\(limit.policy): \(parts.joined(separator: ", ")) for \(limit.subject ?? "a caller who is not known")"
        if limit.isShadow { text += ", only reported" }
        guard let live = limit.live else { return text }
        if live.isEmpty { return text + "; full" }
        return text + "; left " + live.map { "\($0.left) of \($0.capacity) (\($0.window))" }.joined(separator: ", ")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(width - count, 0)) }
}
