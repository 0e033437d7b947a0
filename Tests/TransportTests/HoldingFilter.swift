import GatewayCore
import TestSupport

@testable import Transport

/// Holds every exchange until the test answers.
final class HoldingFilter: RequestFilter {
    let phase = Phase.limit
    var held: [Exchange] = []

    func apply(_ exchange: Exchange) -> Verdict {
        held.append(exchange)
        return .wait
    }
}

/// Hands the filter, which lives on the loop, to the test.
final class Shelf: @unchecked Sendable {
    var filter: HoldingFilter?

    func make() -> [any RequestFilter] {
        let filter = HoldingFilter()
        self.filter = filter
        return [filter]
    }

    /// Waits until as many exchanges are held.
    func holds(_ count: Int, in gateway: TestGateway) async throws {
        try await eventually("\(count) exchanges wait") {
            try await gateway.onLoop { [self] _ in filter?.held.count } == count
        }
    }

    /// Answers all that wait: with a reply of this status, or that they may go on.
    func resume(in gateway: TestGateway, _ reply: Int? = nil) async throws {
        try await gateway.onLoop { [self] _ in resumeNow(reply) }
    }

    /// The same, on the loop.
    func resumeNow(_ reply: Int? = nil) {
        let held = filter?.held ?? []
        filter?.held = []
        for exchange in held { exchange.resume(with: reply.map { .reply(Reply(status: $0, lines: "")) } ?? .proceed) }
    }
}
