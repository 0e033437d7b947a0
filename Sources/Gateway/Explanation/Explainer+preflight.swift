import Configuration
import Filters
import GatewayCore
import HTTPWire
import Policies

/// What browsers are told that ask whether a page may call (CORS): an answer about the route that the request behind it would take.
extension Explainer {
    /// Nil: the request is no preflight, or its route is for no other origin's pages; it is then a request like others.
    func preflight(
        _ asked: ExplainedRequest, _ exchange: Exchange, surface: Int
    ) throws(ExplainedRequest.Mistake) -> Explanation? {
        let request = exchange.request
        guard request.method.equals("OPTIONS"), request.fields.first("origin") != nil,
            let method = request.fields.first("access-control-request-method")
        else { return nil }
        var behind = asked
        behind.method = method.text
        let nobody = NobodyDownstream()
        let other = try behind.makeExchange(for: nobody)
        let (match, captures) = match(other.request, surface: surface)
        guard case .route(let rule) = match else { return nil }
        let winner = surfaces.all[surface].served(rule)
        let route = ExplainedRoute(configuration.served.all[winner], configuration)
        guard let cors = route.settings.cors else { return nil }
        let reply = CORSFilter(cors).preflight(request)
        let isAllowed = reply.status == 204
        var explained = Explanation.Route(
            name: route.served.rule.name, path: route.served.rule.path.text,
            parameters: parameters(of: route.served.rule, other.request, captures), steps: [], limits: [], cache: [],
            upstreams: [])
        explained.steps =
            isAllowed
            ? String(decoding: reply.lines, as: UTF8.self).split(whereSeparator: \.isNewline).map {
                Explanation.Step(phase: "cors", detail: String($0))
            } : [Explanation.Step(phase: "cors", detail: reply.detail ?? "the preflight is refused")]
        let finding =
            isAllowed
            ? "the gateway answers the preflight of \(method.text)"
            : "the gateway refuses the preflight of \(method.text)"
        return withExtendedLifetime(nobody) {
            Explanation(
                asked: self.asked(request), outcome: "\(reply.status): \(finding)", route: explained,
                others: losers(other.request, winner, surface: surface))
        }
    }
}
