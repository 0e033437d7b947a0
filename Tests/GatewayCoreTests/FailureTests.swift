import GatewayCore
import Testing

@Suite("failures")
struct FailureTests {
    @Test("each failure has an origin, a label of its own, and a reply unless nobody is left to get one")
    func table() {
        #expect(Set(Failure.allCases.map(\.label)).count == Failure.allCases.count)
        for failure in Failure.allCases {
            #expect(failure.label.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect((failure.reply == nil) == (failure == .clientGone))
        }
    }

    @Test("the reply tells whose fault it was", arguments: Failure.allCases)
    func statuses(_ failure: Failure) {
        guard let status = failure.reply?.status else { return }
        switch failure.origin {
        case .upstream: #expect(status == 502 || status == 504)
        case .gateway, .store: #expect(status == 503)
        case .downstream: #expect(status == 408)
        }
    }

    @Test(
        "what took too long is a 504, what failed at once a 502",
        arguments: [
            (Failure.connectRefused, 502), (.handshakeFailed, 502), (.connectTimeout, 504), (.connectionLost, 502),
            (.malformedResponse, 502),
            (.responseTimeout, 504), (.bodyTimeout, 504), (.breakerOpen, 503), (.noTarget, 503), (.tooManyPending, 503),
        ])
    func examples(_ failure: Failure, _ status: Int) {
        #expect(failure.reply?.status == status)
    }

    @Test("phases come in their order")
    func phases() {
        let order: [Phase] = [.arrive, .authenticate, .limit, .transformRequest, .forward, .transformResponse, .finish]
        #expect(Phase.allCases.sorted() == order)
    }
}
