import GatewayCore
import NIOCore
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// One bound address of one worker. Every worker binds each address itself (`SO_REUSEPORT`), and so accepts its own share.
package struct Listener {
    package let channel: any Channel
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// Whether nobody listens on this address yet. Sockets that share an address would otherwise be joined by a second
    /// process without a word, and each would get part of the other's connections.
    package static func checkUnused(host: String, port: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port)
            .flatMap { $0.close() }
    }

    /// - Throws: `IOError` when the address can't be bound.
    package static func bind(
        host: String, port: Int, worker: Worker, openConnections: ConnectionCount
    ) -> EventLoopFuture<Listener> {
        let bound = NIOLoopBound(worker, eventLoop: worker.loop)
        return ServerBootstrap(group: worker.loop, childGroup: worker.loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let client = ClientConnection(worker: bound.value, channel: channel, count: openConnections)
                    try channel.pipeline.syncOperations.addHandler(client)
                }
            }
            .bind(host: host, port: port)
            .map { Listener(channel: $0) }
    }

    /// Stops accepting; connections stay open.
    package func close() -> EventLoopFuture<Void> { channel.close() }
}

/// Client connections of the whole node against `limits.connections`.
package final class ConnectionCount: Sendable {
    private let open = Atomic<Int>(0)
    private let maximum: Atomic<Int>

    package init(maximum: Int) { self.maximum = Atomic(maximum) }

    package func setMaximum(_ value: Int) { maximum.store(value, ordering: .relaxed) }
    package var current: Int { open.load(ordering: .relaxed) }

    /// Counts one more; false if that is one too many (it counts all the same, until `leave`).
    func enter() -> Bool {
        open.add(1, ordering: .relaxed).newValue <= maximum.load(ordering: .relaxed)
    }

    func leave() { open.subtract(1, ordering: .relaxed) }
}
