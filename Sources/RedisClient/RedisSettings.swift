import Encryption
import NIOCore

/// Where Redis is, who connects to it, and how long anything may take.
package struct RedisSettings: Hashable, Sendable {
    package var topology = RedisTopology.single
    /// Of a single server; the other topologies tell their servers' addresses.
    package var host: String
    package var port: Int
    /// ACL user; nil with a password: the user `default`.
    package var username: String?
    package var password: String?
    /// A cluster has only database 0.
    package var database = 0
    /// Nil: in clear.
    package var tls: ClientTLS?
    /// Shown by `CLIENT LIST`.
    package var clientName = "sluice"
    /// How long a command may take.
    package var timeout = TimeAmount.milliseconds(50)
    /// How long connecting may take, and then the handshake.
    package var connectTimeout = TimeAmount.seconds(1)
    /// A connection whose oldest command has waited this long is given up.
    package var stallTimeout = TimeAmount.seconds(2)
    package var maximumPendingCommands = 65_536
    /// Bytes that wait for a connection which takes no more.
    package var maximumOutputBytes = 16 << 20
    package var maximumReplyBytes = 16 << 20
    /// Pauses between attempts to connect: random, up to a bound that doubles from the shortest to the longest.
    package var shortestBackoff = TimeAmount.milliseconds(50)
    package var longestBackoff = TimeAmount.seconds(2)

    package init(host: String = "127.0.0.1", port: Int = 6379) {
        self.host = host
        self.port = port
    }
}
