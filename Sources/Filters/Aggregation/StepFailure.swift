import GatewayCore
import HTTPWire
import JSON

/// Why a step of an aggregation has come to nothing.
enum StepFailure: Error {
    /// The gateway has answered in place of the service, with this status.
    case noAnswer(Failure?, status: Int, retryAfterSeconds: Int?)
    case refused(status: Int, retryAfterSeconds: Int?)
    case encoded(String)
    case notJSON(JSONFailure)
    /// Bytes allowed for its answer, or for all answers.
    case tooLarge(Int)
    case tooMuch(Int)
    /// A reference, without braces, that has no value; whether the client should have sent it.
    case missing(String, isClients: Bool)
    /// The path would lead elsewhere.
    case unsafePath
    case unusableHead
    case noList(String)
    case tooManyItems(Int, most: Int)
    case timedOut
    /// The time of the whole is over.
    case expired

    /// What the client gets when a step that is required fails.
    /// - Parameter dependsOnSteps: it asked for what another step had answered, so that a service's 404 is not the client's
    ///   mistake but the services'.
    func status(dependsOnSteps: Bool) -> Int {
        switch self {
        case .noAnswer(_, let status, _): status
        case .refused(let status, _) where status == 503 || status == 504: status
        case .refused(let status, _) where (400...499).contains(status) && !dependsOnSteps: status
        case .missing(_, isClients: true): 400
        case .timedOut, .expired: 504
        default: 502
        }
    }

    var failure: Failure? {
        switch self {
        case .noAnswer(let failure, _, _): failure
        case .timedOut, .expired: .responseTimeout
        case .encoded, .notJSON, .tooLarge, .tooMuch: .malformedResponse
        default: nil
        }
    }

    private var retryAfterSeconds: Int? {
        switch self {
        case .noAnswer(_, _, let seconds), .refused(_, let seconds): seconds
        default: nil
        }
    }

    /// - Parameter exchange: gets `Retry-After` if the service's, or its breaker's, is known.
    func reply(step: String, dependsOnSteps: Bool, to exchange: Exchange) -> Reply {
        let status = status(dependsOnSteps: dependsOnSteps)
        if let seconds = retryAfterSeconds, [429, 503].contains(status) {
            exchange.responseLines.append("Retry-After: ")
            exchange.responseLines.append(decimal: seconds)
            exchange.responseLines.append("\r\n")
        }
        let detail = JSONText.quoted("The step \(step) of this aggregation failed: \(reason)")
        return Reply(
            status: status, kind: Self.kind(of: status), title: Self.title(of: status),
            members: Array("\"detail\":\(detail),\"step\":\(JSONText.quoted(step))".utf8))
    }

    private static func kind(of status: Int) -> String {
        switch status {
        case 502: "bad-gateway"
        case 503: "unavailable"
        case 504: "gateway-timeout"
        default: "step-refused"
        }
    }

    private static func title(of status: Int) -> String {
        switch status {
        case 502: "Bad gateway"
        case 503: "Service temporarily unavailable"
        case 504: "Gateway timeout"
        default: StatusReason.of(status)
        }
    }

    private var reason: String {
        switch self {
        case .noAnswer(let failure, let status, _):
            Self.reason(of: failure) ?? "the service could not be asked (\(status))."
        case .refused(let status, _): "the service answered with status \(status)."
        case .encoded(let coding): "the service answered with content coding \(coding), although it was asked for none."
        case .notJSON(let failure):
            "what the service answered is not JSON: it \(failure.reason), at byte \(failure.offset)."
        case .tooLarge(let most): "the service's answer is larger than \(most) bytes."
        case .tooMuch(let most): "the answers of all steps together are larger than \(most) bytes."
        case .missing(let reference, isClients: true): "the request has no {\(reference)}."
        case .missing(let reference, isClients: false): "{\(reference)} has no value."
        case .unsafePath: "a value would have changed the path that it asks for."
        case .unusableHead: "its values make no request."
        case .noList(let reference): "{\(reference)} is no list."
        case .tooManyItems(let count, let most): "the list has \(count) elements, and at most \(most) are asked for."
        case .timedOut: "the service did not answer in time."
        case .expired: "the time for the whole answer was over."
        }
    }

    private static func reason(of failure: Failure?) -> String? {
        switch failure {
        case .connectRefused: "the service could not be connected to."
        case .connectTimeout: "the service did not accept a connection in time."
        case .handshakeFailed: "the service could not be reached over TLS, or its certificate is not valid."
        case .connectionLost: "the service closed the connection before it had answered."
        case .malformedResponse: "the service's response was malformed."
        case .responseTimeout, .bodyTimeout: "the service did not answer in time."
        case .breakerOpen: "the circuit breaker of the service is open."
        case .noTarget: "the service has no target that could be asked."
        case .tooManyPending: "too many requests are waiting for the service."
        default: nil
        }
    }
}
