import Policies

/// `retries` of an upstream.
extension Kind where Value == RetrySettings? {
    static var retries: Kind {
        .section("retries", "a mapping such as { attempts: 2, on: [connect, 503], budget: 20% }") { section in
            var retries = RetrySettings()
            retries.attempts = section.value(
                "attempts", .integer(1...10), default: retries.attempts,
                "Further attempts at a request, besides the first.")
            let causes = section.optional(
                "on", .oneOrMany(.retryCause),
                "After what: connect, reset, timeout, 5xx, a status, or a gRPC status such as unavailable; absent: "
                    + "connect, reset, timeout, 502, 503 and 504.")
            if let causes { retries.causes = Set(causes.joined()) }
            retries.includesUnsafe = section.value(
                "unsafe", .boolean, default: retries.includesUnsafe,
                "Also requests that do something again when they are sent again, such as POST.")
            retries.budget = section.value(
                "budget", .percent, default: retries.budget, "Share of the requests that retries may add.")
            retries.bodyBytes = section.value(
                "body", .size(0...16 << 20), default: retries.bodyBytes,
                "Requests with longer bodies are not retried once their body was sent.")
            retries.backoffMicroseconds = section.value(
                "backoff", .duration(0...10_000_000), default: retries.backoffMicroseconds,
                "The longest pause before the first retry at a target that was asked before; doubled for each further.")
            return .some(retries)
        }
    }
}

extension Kind where Value == [RetrySettings.Cause] {
    fileprivate static var retryCause: Kind {
        let noun = "connect, reset, timeout, 5xx, a status from 400 to 599, or a gRPC status such as unavailable"
        return .scalar(noun, schema: ["type": ["string", "integer"]]) { text throws(ScalarProblem) in
            switch text.value {
            case "connect": return [.connect]
            case "reset": return [.reset]
            case "timeout": return [.timeout]
            case "5xx": return (500...599).map { .status($0) }
            default: break
            }
            if let status = Int(text.value), (400...599).contains(status) { return [.status(status)] }
            if let code = grpcStatuses[text.value] { return [.grpc(code)] }
            throw .expected(
                suggestion: NearestName.of(text.value, among: ["connect", "reset", "timeout"] + grpcStatuses.keys))
        }
    }
}

/// Those of google.rpc.Code that may be worth a retry.
private let grpcStatuses = [
    "cancelled": 1, "deadline-exceeded": 4, "resource-exhausted": 8, "aborted": 10, "internal": 13, "unavailable": 14,
]
