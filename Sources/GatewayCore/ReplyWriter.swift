import HTTPWire

extension Reply {
    /// Room that `write(to:…)` needs, with `extra` bytes of lines.
    package func capacity(extra: Int, requestID: Int) -> Int {
        lines.count + bodyLength(requestID: requestID, isHEAD: false) + extra + 384
    }

    /// Writes the whole reply for an HTTP/1.1 client.
    /// - Parameters:
    ///   - date: the value of `Date`, 29 bytes (RFC 9110 §6.6.1).
    ///   - added: complete field lines of this exchange.
    package func write(
        to writer: inout HeadWriter, date: Bytes, added: Bytes, requestID: Bytes, isHEAD: Bool,
        persistence: ResponseHead.Persistence
    ) {
        writer.append("HTTP/1.1 ")
        writer.append(decimal: status)
        writer.append(" ")
        var reason = reason
        reason.withUTF8 { writer.append($0) }
        writer.append("\r\nDate: ")
        writer.append(date)
        writer.append("\r\n")
        if case .problem = body {
            writer.append("Content-Type: application/problem+json\r\nCache-Control: no-store\r\n")
        }
        if status != 204 {
            writer.append("Content-Length: ")
            writer.append(decimal: bodyLength(requestID: requestID.count, isHEAD: false))
            writer.append("\r\n")
        }
        switch persistence {
        case .unsaid: break
        case .close: writer.append("Connection: close\r\n")
        case .keepAlive: writer.append("Connection: keep-alive\r\n")
        }
        lines.withUnsafeBufferPointer { writer.append($0) }
        writer.append(added)
        writer.append("\r\n")
        guard !isHEAD else { return }
        switch body {
        case .none: break
        case .content(let content): content.withUnsafeBufferPointer { writer.append($0) }
        case .problem(let prefix):
            prefix.withUnsafeBufferPointer { writer.append($0) }
            writer.append(requestID)
            writer.append("\"}")
        }
    }

    /// Bytes of body that `write` sends.
    package func bodyLength(requestID: Int, isHEAD: Bool) -> Int {
        if isHEAD { return 0 }
        switch body {
        case .none: return 0
        case .content(let content): return content.count
        case .problem(let prefix): return prefix.count + requestID + 2
        }
    }
}
