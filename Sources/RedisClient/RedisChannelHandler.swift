import NIOCore

/// The end of a connection's pipeline: passes on what the socket says.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let parser: RedisReplyParser
    private let connection: RedisConnection

    init(_ connection: RedisConnection, maximumReplyBytes: Int) {
        self.connection = connection
        parser = RedisReplyParser(maximumReplyBytes: maximumReplyBytes)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.receive(unwrapInboundIn(data), from: self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.lost(self, .connection("the server closed the connection"))
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        connection.writabilityChanged(of: self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.lost(self, .connection(RedisConnection.reason(of: error)))
        context.close(promise: nil)
    }
}
