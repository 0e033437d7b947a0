import GatewayCore
import HTTPWire
import Policies

/// Turns away clients from addresses that a route is not for.
package final class AddressFilter: RequestFilter {
    package let phase = Phase.authenticate
    private let rules: AddressRules

    package init(_ rules: AddressRules) { self.rules = rules }

    package func apply(_ exchange: Exchange) -> Verdict {
        rules.admit(IPAddress(text: exchange.clientAddress.bytes)) ? .proceed : .reply(Self.refusal)
    }

    private static let refusal = Reply(
        status: 403, kind: "address-not-allowed", title: "Forbidden",
        detail: "Requests from this address are not served here.")
}
