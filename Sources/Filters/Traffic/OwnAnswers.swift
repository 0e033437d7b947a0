import GatewayCore
import HTTPWire
import Policies

/// Answers every request of a route with the same reply.
package final class FixedReplyService: ExchangeService {
    private let reply: Reply

    package init(_ reply: Reply) { self.reply = reply }

    package func serve(_ exchange: Exchange) { exchange.answer(reply) }
}

/// Sends clients elsewhere.
package final class RedirectService: ExchangeService {
    private let template: LocationTemplate
    private let status: Int

    package init(_ template: LocationTemplate, status: Int) {
        self.template = template
        self.status = status
    }

    package func serve(_ exchange: Exchange) {
        let request = exchange.request
        guard let target = template.render(path: request.path, query: request.query, host: request.host) else {
            return exchange.answer(
                .badRequest("A value that this route puts into the target's path would lead elsewhere."))
        }
        exchange.answer(Reply(status: status, lines: "Location: \(String(decoding: target, as: UTF8.self))\r\n"))
    }
}

/// Answers for a service that is being worked on; those who work on it get through.
///
/// Before authentication: nobody needs to prove anything to be told to come back later.
package final class MaintenanceFilter: RequestFilter {
    package let phase = Phase.arrive
    private let reply: Reply
    private let allowed: [NetworkRange]

    package init(_ reply: Reply, allowed: [NetworkRange]) {
        self.reply = reply
        self.allowed = allowed
    }

    package func apply(_ exchange: Exchange) -> Verdict {
        guard !allowed.isEmpty, let address = IPAddress(text: exchange.clientAddress.bytes),
            allowed.contains(where: { $0.contains(address) })
        else { return .reply(reply) }
        return .proceed
    }
}
