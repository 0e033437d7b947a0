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
    /// Times that a command was sent to another node of a cluster, since the one that was asked does not have its slot.
    package var redirects = 0
    /// Writes handed to the socket; `commands / flushes` is how well commands share them.
    package var flushes = 0
    /// Sum over all replies in time, from the call to the reply.
    package var latencyMicroseconds = 0
    package var longestLatencyMicroseconds = 0

    package init() {}

    /// What both did together.
    static func += (total: inout RedisCounters, other: RedisCounters) {
        total.commands += other.commands
        total.replies += other.replies
        total.errors += other.errors
        total.timeouts += other.timeouts
        total.refused += other.refused
        total.lost += other.lost
        total.connects += other.connects
        total.scriptReloads += other.scriptReloads
        total.redirects += other.redirects
        total.flushes += other.flushes
        total.latencyMicroseconds += other.latencyMicroseconds
        total.longestLatencyMicroseconds = max(total.longestLatencyMicroseconds, other.longestLatencyMicroseconds)
    }

    static func + (left: RedisCounters, right: RedisCounters) -> RedisCounters {
        var sum = left
        sum += right
        return sum
    }
}
