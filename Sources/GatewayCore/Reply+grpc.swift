import HTTPWire

/// The gateway's own replies as a gRPC client understands them: status 200 and the real one in a field, without a body
/// ("trailers-only", gRPC over HTTP/2).
extension Reply {
    /// Whether the request is one of gRPC, by its content type; not of gRPC-Web, whose clients read bodies.
    package static func isGRPC(_ fields: FieldSection) -> Bool {
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("content-type") {
            let type = fields.value(index)
            let expected: StaticString = "application/grpc"
            guard type.count >= 16, type.slice(0, 16).equalsIgnoringCase(expected) else { return false }
            return type.count == 16 || type[16] == 0x2B || type[16] == 0x3B
        }
        return false
    }

    package func grpcCapacity(extra: Int) -> Int { lines.count + extra + 256 + reason.utf8.count }

    package func writeGRPC(to writer: inout HeadWriter, date: Bytes, added: Bytes) {
        writer.append("HTTP/1.1 200 OK\r\nDate: ")
        writer.append(date)
        writer.append("\r\nContent-Type: application/grpc\r\ngrpc-status: ")
        writer.append(decimal: grpcStatus)
        writer.append("\r\ngrpc-message: ")
        var reason = reason
        reason.withUTF8 { writer.append($0) }
        writer.append("\r\n")
        lines.withUnsafeBufferPointer { writer.append($0) }
        writer.append(added)
        writer.append("\r\n")
    }

    /// As google.rpc.Code says it, the other way round.
    package var grpcStatus: Int {
        switch status {
        case 400: 3
        case 401: 16
        case 403: 7
        case 404, 405, 501: 12
        case 408, 504: 4
        case 413, 429, 431: 8
        case 500: 13
        case 502, 503: 14
        default: 2
        }
    }
}
