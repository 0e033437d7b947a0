/// What a route table reads of a request's header section to judge conditions; implemented over the bytes received.
package protocol FieldSource {
    /// Calls `isWanted` with the value of each field of that name, without surrounding blanks, until it returns true.
    ///
    /// - Parameters:
    ///   - name: in lower case; compare without regard to case.
    ///   - isWanted: must not be kept, nor the bytes it is given.
    /// - Returns: whether `isWanted` returned true for one of them.
    func hasHeader(
        named name: UnsafeBufferPointer<UInt8>, where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool
    ) -> Bool
}

/// The parts of a request that decide on its route, as bytes that stay where they are while `RouteTable.match` runs.
package struct RouteRequest {
    /// As in `Host` or `:authority`: of any case, with or without port.
    package let host: UnsafeBufferPointer<UInt8>
    package let method: UnsafeBufferPointer<UInt8>
    /// Normalised by the caller; compared byte by byte, percent-encoded as it is.
    package let path: UnsafeBufferPointer<UInt8>
    /// What follows `?`, without it; empty when there is none.
    package let query: UnsafeBufferPointer<UInt8>

    package init(
        host: UnsafeBufferPointer<UInt8>, method: UnsafeBufferPointer<UInt8>, path: UnsafeBufferPointer<UInt8>,
        query: UnsafeBufferPointer<UInt8>
    ) {
        self.host = host
        self.method = method
        self.path = path
        self.query = query
    }
}
