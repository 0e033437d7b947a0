import HTTPWire
import NIOCore
import NIOPosix

/// The upstream of a verification, a connection of it: it answers every request with a few bytes and tells the number at
/// the end of its path, so that admissions are also counted where no gateway can embellish them.
final class CountingUpstream: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let answer = ByteBuffer(string: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")

    private let arrived: (Int?) -> Void
    private let request = RequestHead()
    private var inbox = ByteBuffer()

    private init(_ arrived: @escaping (Int?) -> Void) { self.arrived = arrived }

    /// Listens on a free port of 127.0.0.1.
    /// - Parameter arrived: called on the loop for each request, with its number if it has one.
    static func listen(
        on eventLoop: any EventLoop, arrived: @escaping @Sendable (Int?) -> Void
    ) async throws -> any Channel {
        try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(CountingUpstream(arrived))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        inbox.writeBuffer(&bytes)
        while inbox.readableBytes > 0 {
            let outcome = inbox.withUnsafeReadableBytes {
                request.parse($0.bindMemory(to: UInt8.self), limit: 65_536)
            }
            switch outcome {
            case .complete(let length):
                inbox.moveReaderIndex(forwardBy: length)
                arrived(Self.number(of: request.path))
                context.write(NIOAny(Self.answer), promise: nil)
            case .incomplete: return context.flush()
            case .fault: return context.close(promise: nil)
            }
        }
        inbox.clear()
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// The digits after the last slash.
    private static func number(of path: Bytes) -> Int? {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        return Decimal.parse(path.slice(slash + 1, path.count - slash - 1))
    }
}
