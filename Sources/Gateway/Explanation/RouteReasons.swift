import GatewayCore
import HTTPWire
import Policies

/// Why a route doesn't take a request: each of its conditions is tried alone, by the table that decides for real.
struct RouteReasons {
    private let request: RequestHead

    private let redaction: CredentialRedaction

    init(_ request: RequestHead, _ redaction: CredentialRedaction) {
        self.request = request
        self.redaction = redaction
    }

    /// - Parameter winner: the name of the route that takes the request; nil: none does.
    func reasons(_ rule: RouteRule, against winner: String?) -> [String] {
        var found: [String] = []
        if !holds(rule, { $0.hosts = rule.hosts }) {
            found.append("host: \(request.host.text) is none of \(rule.hosts.joined(separator: ", "))")
        }
        if !holds(rule, { $0.path = rule.path }) { found.append("path: \(request.path.text) is not \(rule.path.text)") }
        if !holds(rule, { $0.methods = rule.methods }) {
            found.append("method: \(request.method.text) is none of \(rule.methods.joined(separator: ", "))")
        }
        for condition in rule.headers where !holds(rule, { $0.headers = [condition] }) {
            found.append(
                "header: \(condition.name) is not \(redaction.hides(header: condition.name) ? "as wanted" : condition.written)"
            )
        }
        for condition in rule.query where !holds(rule, { $0.query = [condition] }) {
            found.append(
                "query: \(condition.name) is not \(redaction.hides(parameter: condition.name) ? "as wanted" : condition.written)"
            )
        }
        guard found.isEmpty else { return found }
        return [winner.map { "less specific than \($0)" } ?? "a more specific host or path answers"]
    }

    /// Whether a route would take the request that asks for nothing but what `condition` sets.
    private func holds(_ rule: RouteRule, _ condition: (inout RouteRule) -> Void) -> Bool {
        guard let any = try? PathPattern("/**") else { return true }
        var alone = RouteRule(name: rule.name, path: any)
        condition(&alone)
        var captures = PathCaptures()
        let asked = RouteRequest(host: request.host, method: request.method, path: request.path, query: request.query)
        let match = RouteTable([alone]).match(asked, RequestFields(fields: request.fields), captures: &captures)
        return match == .route(0)
    }
}

extension FieldCondition {
    fileprivate var written: String {
        switch expectation {
        case .literal(let text): "\"\(text)\""
        case .pattern(let text): "like \(text)"
        }
    }
}
