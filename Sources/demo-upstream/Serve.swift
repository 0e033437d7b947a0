import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Opens one listener for each port and serves until the process is ended.
func serve(_ options: Options) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: options.threads)
    var listeners: [any Channel] = []
    for port in options.ports {
        let listener = try await listen(on: options.host, port: port, group: group)
        print("demo-upstream: listening on http://\(options.host):\(listener.localAddress?.port ?? port)")
        listeners.append(listener)
    }
    fflush(nil)
    for listener in listeners { try await listener.closeFuture.get() }
}

private func listen(on host: String, port: Int, group: MultiThreadedEventLoopGroup) async throws -> any Channel {
    try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                // A connection that says nothing for twelve minutes (more than the longest delay) is not worth its descriptor.
                try pipeline.addHandler(IdleStateHandler(allTimeout: .minutes(12)))
                try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                try pipeline.addHandler(Origin(port: channel.localAddress?.port ?? port))
            }
        }
        .bind(host: host, port: port)
        .get()
}
