import GatewayCore
import NIOCore
import NIOPosix

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
        host: String, port: Int, admission: ClientAdmission
    ) -> EventLoopFuture<Listener> {
        let worker = admission.worker
        let bound = NIOLoopBound(admission, eventLoop: worker.loop)
        return ServerBootstrap(group: worker.loop, childGroup: worker.loop)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try bound.value.admit(channel)
                }
            }
            .bind(host: host, port: port)
            .map { Listener(channel: $0) }
    }

    /// Stops accepting; connections stay open.
    package func close() -> EventLoopFuture<Void> { channel.close() }
}
