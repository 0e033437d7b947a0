/// What a connection that is upgraded (RFC 9110 §7.8) may do: from then on it carries bytes of a protocol that the gateway
/// does not read.
package struct TunnelTerms: Sendable {
    package var isWebSocket: Bool
    /// Without a byte in either direction, in microseconds.
    package var idleMicroseconds: Int
    /// In all, in microseconds.
    package var lifetimeMicroseconds: Int

    package init(isWebSocket: Bool, idleMicroseconds: Int, lifetimeMicroseconds: Int) {
        self.isWebSocket = isWebSocket
        self.idleMicroseconds = idleMicroseconds
        self.lifetimeMicroseconds = lifetimeMicroseconds
    }
}
