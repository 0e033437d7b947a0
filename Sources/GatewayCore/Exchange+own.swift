import HTTPWire

/// What a request of the gateway's own keeps of the client's, on whose behalf it is made after that has gone on.
package struct ClientFacts {
    fileprivate let requestLines: [UInt8]
    fileprivate let clientAddress: [UInt8]
    fileprivate let requestID: [UInt8]
    fileprivate let identity: Identity?

    package init(_ exchange: Exchange) {
        requestLines = Array(exchange.requestLines.bytes)
        clientAddress = Array(exchange.clientAddress.bytes)
        requestID = Array(exchange.requestID.bytes)
        identity = exchange.identity
    }
}

/// Exchanges of the gateway's own, towards a service.
extension Exchange {
    /// Begins with a head that the gateway has written, as HTTP/1.1 text with the blank line.
    /// - Returns: false if the head can't be read, and nothing has begun.
    package func begin(_ head: [UInt8], onBehalfOf client: Exchange) -> Bool {
        guard begin(head) else { return false }
        requestLines.append(client.requestLines.bytes)
        clientAddress.append(client.clientAddress.bytes)
        requestID.append(client.requestID.bytes)
        identity = client.identity
        return true
    }

    /// The same for a client that may have gone.
    package func begin(_ head: [UInt8], onBehalfOf client: ClientFacts) -> Bool {
        guard begin(head) else { return false }
        requestLines.append(client.requestLines)
        clientAddress.append(client.clientAddress)
        requestID.append(client.requestID)
        identity = client.identity
        return true
    }

    private func begin(_ head: [UInt8]) -> Bool {
        let outcome = head.withUnsafeBufferPointer { request.parse($0, limit: $0.count + 1) }
        guard case .complete = outcome else { return false }
        begin(atMicroseconds: MonotonicClock.microseconds())
        return true
    }
}
