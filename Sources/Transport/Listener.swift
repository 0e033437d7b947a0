import GatewayCore
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#endif

/// One bound address of one worker. Every worker binds each address itself (`SO_REUSEPORT`), and so accepts its own share.
package struct Listener {
    package let channel: any Channel
    /// Of its socket, which is the channel's to close.
    package let descriptor: Int32
    package var port: Int { channel.localAddress?.port ?? 0 }

    /// Whether nobody listens on this address yet. Sockets that share an address would otherwise be joined by a second
    /// process without a word, and each would get part of the other's connections.
    package static func checkUnused(host: String, port: Int, on loop: any EventLoop) -> EventLoopFuture<Void> {
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port)
            .flatMap { $0.close() }
    }

    /// - Parameter inherited: a socket that is bound to the address already, and may listen.
    /// - Throws: `IOError` when the address can't be bound.
    package static func bind(
        host: String, port: Int, inherited: Int32? = nil, admission: ClientAdmission
    ) -> EventLoopFuture<Listener> {
        let worker = admission.worker
        let descriptor: Int32
        do {
            descriptor = try inherited ?? ListeningSocket.bind(host: host, port: port)
        } catch {
            return worker.loop.makeFailedFuture(error)
        }
        let bound = NIOLoopBound(admission, eventLoop: worker.loop)
        return ServerBootstrap(group: worker.loop, childGroup: worker.loop)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try bound.value.admit(channel)
                }
            }
            .withBoundSocket(descriptor)
            .map { channel in
                // NIO has made the queue short.
                listen(descriptor, ListeningSocket.backlog)
                return Listener(channel: channel, descriptor: descriptor)
            }
    }

    /// Stops accepting; connections stay open.
    package func close() -> EventLoopFuture<Void> { channel.close() }
}
