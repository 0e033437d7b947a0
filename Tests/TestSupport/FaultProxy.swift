import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy on 127.0.0.1 that delays, swallows or cuts what passes through it, as a broken network would.
package final class FaultProxy: Sendable {
    package enum Mode: Hashable, Sendable {
        case passing
        /// Everything arrives, in both directions, this much later.
        case delaying(TimeAmount)
        /// Connections stay open, and nothing arrives any more.
        case swallowing
        /// Connections are closed, and new ones too.
        case cutting
    }

    package let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let state: Shared

    fileprivate final class Shared: Sendable {
        let mode = Mutex(Mode.passing)
        let open = Mutex<[ObjectIdentifier: any Channel]>([:])
    }

    /// - Parameter target: the port of 127.0.0.1 that connections are passed on to.
    package init(to target: Int) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let state = Shared()
        listener = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { Self.connect($0, to: target, state) }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
        self.group = group
        self.state = state
    }

    deinit {
        group.shutdownGracefully { _ in }
    }

    package func set(_ mode: Mode) {
        state.mode.withLock { $0 = mode }
        guard mode == .cutting else { return }
        for channel in state.open.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    private static func connect(_ client: any Channel, to target: Int, _ state: Shared) -> EventLoopFuture<Void> {
        guard state.mode.withLock({ $0 }) != .cutting else { return client.close() }
        return ClientBootstrap(group: client.eventLoop).channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: target)
            .flatMapThrowing { server -> any Channel in
                try client.pipeline.syncOperations.addHandler(ProxyHandler(to: server, state))
                try server.pipeline.syncOperations.addHandler(ProxyHandler(to: client, state))
                state.open.withLock { $0[ObjectIdentifier(client)] = client }
                client.closeFuture.whenComplete { _ in state.open.withLock { $0[ObjectIdentifier(client)] = nil } }
                return server
            }
            .flatMap { server in client.setOption(.autoRead, value: true).map { server } }
            .flatMap { server in server.setOption(.autoRead, value: true) }
    }
}

/// One direction of a proxied connection.
private final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let peer: any Channel
    private let state: FaultProxy.Shared
    /// What was delayed must not be overtaken by what comes later.
    private var latest = NIODeadline.uptimeNanoseconds(0)

    init(to peer: any Channel, _ state: FaultProxy.Shared) {
        self.peer = peer
        self.state = state
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        let delay: TimeAmount
        switch state.mode.withLock({ $0 }) {
        case .passing, .cutting: delay = .zero
        case .delaying(let time): delay = time
        case .swallowing: return
        }
        let due = max(latest, .now() + delay)
        latest = due
        guard delay > .zero || due > .now() else { return peer.writeAndFlush(bytes, promise: nil) }
        context.eventLoop.scheduleTask(deadline: due) { [peer] in peer.writeAndFlush(bytes, promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) { peer.close(promise: nil) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
