/// The status codes of gRPC (google.rpc.Code) and what they are in HTTP.
package enum GRPCStatus: Int, CaseIterable, Hashable, Sendable {
    case ok = 0
    case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied
    case resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss
    case unauthenticated

    /// The value of a `grpc-status` field; an unknown or malformed one is `unknown`, as the gRPC libraries read it.
    package init(field: some Collection<UInt8>) {
        var code = 0
        for byte in field {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), code < 100 else {
                self = .unknown
                return
            }
            code = code * 10 + Int(byte - UInt8(ascii: "0"))
        }
        self = field.isEmpty ? .unknown : GRPCStatus(rawValue: code) ?? .unknown
    }

    /// `NOT_FOUND`, as google.rpc.Code spells it.
    package var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }

    /// The HTTP status of a transcoded answer (the table in google/rpc/code.proto).
    package var httpStatus: Int {
        switch self {
        case .ok: 200
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .resourceExhausted: 429
        case .cancelled: 499
        case .unknown, .internal, .dataLoss: 500
        case .unimplemented: 501
        case .unavailable: 503
        case .deadlineExceeded: 504
        }
    }

    /// What a gRPC client is told where an upstream answered without `grpc-status`
    /// (http-grpc-status-mapping.md).
    package init(httpStatus: Int) {
        switch httpStatus {
        case 400: self = .internal
        case 401: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404: self = .unimplemented
        case 429, 502, 503, 504: self = .unavailable
        default: self = .unknown
        }
    }

    /// What a gRPC client is told where the gateway itself refuses with an HTTP status: more exact than the mapping
    /// above, since the gateway knows why. A limit is no reason to retry at once, as `unavailable` would be.
    package init(refusal httpStatus: Int) {
        switch httpStatus {
        case 400, 414, 431: self = .invalidArgument
        case 401, 407: self = .unauthenticated
        case 403: self = .permissionDenied
        case 404, 405, 501: self = .unimplemented
        case 408, 504: self = .deadlineExceeded
        case 409: self = .aborted
        case 413, 429: self = .resourceExhausted
        case 499: self = .cancelled
        case 502, 503: self = .unavailable
        case 500: self = .internal
        default: self = .unknown
        }
    }
}
