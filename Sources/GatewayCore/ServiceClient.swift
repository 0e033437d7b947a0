import HTTPWire

/// Asks HTTP services on the gateway's own account, such as an identity provider for its keys. One per worker; only
/// called on it.
package protocol ServiceClient: AnyObject {
    /// - Parameters:
    ///   - head: as HTTP/1.1 text, with the blank line, and the length of the body if there is one.
    ///   - mostBytes: a longer answer is a failure.
    ///   - timeoutMicroseconds: for the whole answer, at most 30 s.
    ///   - completion: called exactly once, on this worker, within a bounded time.
    func ask(
        _ service: ServiceAddress, _ head: [UInt8], body: [UInt8], mostBytes: Int, timeoutMicroseconds: Int,
        completion: @escaping (Result<ServiceAnswer, Failure>) -> Void)
}

/// Where a service listens.
package struct ServiceAddress: Hashable, Sendable {
    package let host: String
    package let port: Int
    package let isSecure: Bool

    package init(host: String, port: Int, isSecure: Bool) {
        self.host = host
        self.port = port
        self.isSecure = isSecure
    }
}

/// A whole response.
package struct ServiceAnswer {
    package let head: ResponseHead
    package let body: [UInt8]

    package init(head: ResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    package var status: Int { head.status }
}
