import HTTPWire
import Transcoding

/// How a gRPC call ended: from the trailers, or from the head of a response that is nothing else ("trailers-only").
struct CallOutcome {
    let status: GRPCStatus
    /// Still percent-encoded.
    let message: [UInt8]
    /// `grpc-status-details-bin`: base64 of a google.rpc.Status.
    let details: [UInt8]?

    /// Nil if nothing says how it ended.
    init?(_ fields: FieldSection) {
        guard let status = fields.first("grpc-status") else { return nil }
        self.status = GRPCStatus(field: status)
        message = fields.first("grpc-message").map(Array.init) ?? []
        details = fields.first("grpc-status-details-bin").map(Array.init)
    }

    /// - Parameter trailers: complete field lines.
    init?(trailers: [UInt8]) {
        guard let fields = GRPCWebTrailers.parse(trailers) else { return nil }
        func first(_ name: StaticString) -> [UInt8]? {
            fields.first { field in field.name.withUnsafeBufferPointer { $0.equalsIgnoringCase(name) } }?.value
        }
        guard let status = first("grpc-status") else { return nil }
        self.status = GRPCStatus(field: status)
        message = first("grpc-message") ?? []
        details = first("grpc-status-details-bin")
    }

    /// What a client is told of a service that answered without speaking gRPC.
    init(httpStatus: Int) {
        status = GRPCStatus(httpStatus: httpStatus)
        message = Array("The service answered with HTTP status \(httpStatus) and not by gRPC.".utf8)
        details = nil
    }
}
