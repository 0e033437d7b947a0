/// `limits`: how much of everything one node lets clients take.
package struct ConnectionLimits: Hashable, Sendable {
    /// The longest request head, in bytes.
    package var headerBytes = 32 << 10
    /// The longest request body, in bytes.
    package var bodyBytes = 16 << 20
    /// Client connections of one node.
    package var connections = 20_000
    /// Of them, those from one address; nil: no limit of its own.
    package var connectionsPerAddress: Int?
    /// Concurrent requests on one HTTP/2 connection.
    package var streams = 256
    /// How long a client may take for a request's head.
    package var headerTimeoutMicroseconds = 10_000_000
    /// How long a connection may be idle between requests, and a body between two of its bytes.
    package var idleTimeoutMicroseconds = 60_000_000
    /// Bytes a second that a request body of known length has to come with, after ten seconds; 0: any pace will do.
    package var bodyRate = 256
    /// What may be held in buffers for peers that are slow, in bytes.
    package var memoryBytes = 512 << 20

    static let kind = Kind<ConnectionLimits>.section("limits", "a mapping with header_bytes, body and so on") {
        section in
        var limits = ConnectionLimits()
        limits.headerBytes = section.value(
            "header_bytes", .size(1 << 10...1 << 20), default: limits.headerBytes, "The longest request head.")
        limits.bodyBytes = section.value(
            "body", .size(0...1 << 40), default: limits.bodyBytes, "The longest request body.")
        limits.connections = section.value(
            "connections", .integer(1...10_000_000), default: limits.connections, "Client connections of one node.")
        limits.connectionsPerAddress = section.optional(
            "connections_per_address", .integer(1...10_000_000),
            "Client connections of one node from one address; absent: as many as connections allows.")
        limits.streams = section.value(
            "streams", .integer(1...10_000), default: limits.streams, "Concurrent requests on one HTTP/2 connection.")
        limits.headerTimeoutMicroseconds = section.value(
            "header_timeout", .duration(100_000...3_600_000_000), default: limits.headerTimeoutMicroseconds,
            "How long a client may take to send a request's head.")
        limits.idleTimeoutMicroseconds = section.value(
            "idle_timeout", .duration(100_000...86_400_000_000), default: limits.idleTimeoutMicroseconds,
            "How long a connection may be idle between requests, and a body between two of its bytes.")
        limits.bodyRate = section.value(
            "body_rate", .size(0...1 << 30), default: limits.bodyRate,
            "Bytes a second that a request body of known length has to come with, after ten seconds; 0: any pace.")
        limits.memoryBytes = section.value(
            "memory", .size(1 << 20...1 << 40), default: limits.memoryBytes,
            "What may be held in buffers for clients and upstreams that are slow; near it requests are answered 503.")
        return limits
    }
}
