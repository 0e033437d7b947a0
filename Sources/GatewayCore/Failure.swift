/// Something that could not be done, as opposed to something that was decided: whose fault it was, and the reply it makes.
package enum Failure: UInt8, Error, CaseIterable {
    case connectRefused, connectTimeout, handshakeFailed, connectionLost, malformedResponse, responseTimeout,
        bodyTimeout
    case breakerOpen, noTarget, tooManyPending, overloaded, outOfMemory
    case storeUnavailable
    case clientGone, clientTimeout

    package enum Origin: Sendable { case downstream, upstream, store, gateway }

    package var origin: Origin {
        switch self {
        case .connectRefused, .connectTimeout, .handshakeFailed, .connectionLost, .malformedResponse, .responseTimeout,
            .bodyTimeout:
            .upstream
        case .breakerOpen, .noTarget, .tooManyPending, .overloaded, .outOfMemory: .gateway
        case .storeUnavailable: .store
        case .clientGone, .clientTimeout: .downstream
        }
    }

    /// A short name for logs and metric labels.
    package var label: String {
        switch self {
        case .connectRefused: "connect_refused"
        case .connectTimeout: "connect_timeout"
        case .handshakeFailed: "handshake_failed"
        case .connectionLost: "connection_lost"
        case .malformedResponse: "malformed_response"
        case .responseTimeout: "response_timeout"
        case .bodyTimeout: "body_timeout"
        case .breakerOpen: "breaker_open"
        case .noTarget: "no_target"
        case .tooManyPending: "too_many_pending"
        case .overloaded: "overloaded"
        case .outOfMemory: "out_of_memory"
        case .storeUnavailable: "store_unavailable"
        case .clientGone: "client_gone"
        case .clientTimeout: "client_timeout"
        }
    }

    /// The one table from failures to replies; nil when there is nobody left to reply to.
    package var reply: Reply? {
        switch self {
        case .connectRefused: .badGateway("The upstream could not be connected to.")
        case .connectTimeout: .gatewayTimeout("The upstream did not accept a connection in time.")
        case .handshakeFailed:
            .badGateway("The upstream could not be reached over TLS, or its certificate is not valid.")
        case .connectionLost: .badGateway("The upstream closed the connection before it answered.")
        case .malformedResponse: .badGateway("The upstream's response was malformed.")
        case .responseTimeout, .bodyTimeout: .gatewayTimeout("The upstream did not answer in time.")
        case .breakerOpen: .unavailable("The circuit breaker of this upstream is open.")
        case .noTarget: .unavailable("The upstream has no target that could be asked.")
        case .tooManyPending: .unavailable("Too many requests are waiting for this upstream.", retryAfterSeconds: 1)
        case .overloaded:
            .unavailable("This upstream has as many requests as it answers in good time.", retryAfterSeconds: 1)
        case .outOfMemory:
            .unavailable("This gateway holds as much for slow peers as its memory allows.", retryAfterSeconds: 1)
        case .storeUnavailable: .unavailable("The shared limits can't be checked right now.")
        case .clientTimeout: .requestTimeout
        case .clientGone: nil
        }
    }
}
