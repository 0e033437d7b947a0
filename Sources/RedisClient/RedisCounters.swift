/// What a connection did since it was made; the commands of the handshake are not counted.
package struct RedisCounters: Hashable, Sendable {
    /// Commands accepted for sending.
    package var commands = 0
    /// Replies in time, error replies included.
    package var replies = 0
    /// Error replies.
    package var errors = 0
    package var timeouts = 0
    /// Commands refused since there was no connection, or too much was waiting.
    package var refused = 0
    /// Commands whose connection broke before their reply.
    package var lost = 0
    /// Times that the connection became ready.
    package var connects = 0
    /// Calls repeated since Redis had forgotten their script.
    package var scriptReloads = 0
    /// Writes handed to the socket; `commands / flushes` is how well commands share them.
    package var flushes = 0
    /// Sum over all replies in time, from the call to the reply.
    package var latencyMicroseconds = 0
    package var longestLatencyMicroseconds = 0

    package init() {}
}
