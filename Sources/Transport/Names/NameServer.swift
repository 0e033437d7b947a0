import NIOCore
import NIOPosix
import Policies

/// Asks name servers over UDP: each question from a port of its own, each server twice, within a time limit.
package struct NameServer: Sendable {
    package enum Failure: Error { case noServer, noAnswer, unaskable }

    private let settings: ResolverSettings
    private let loop: any EventLoop

    package init(_ settings: ResolverSettings, on loop: any EventLoop) {
        self.settings = settings
        self.loop = loop
    }

    /// The first server's answer that is one: that nothing exists is an answer, that it could not look is none.
    package func ask(_ question: DNSQuestion) async throws -> DNSAnswer {
        guard !settings.servers.isEmpty else { throw Failure.noServer }
        for _ in 0..<2 {
            for server in settings.servers {
                if let answer = try await ask(question, server), answer.outcome != .failed { return answer }
                try Task.checkCancellation()
            }
        }
        throw Failure.noAnswer
    }

    private func ask(_ question: DNSQuestion, _ server: ResolverSettings.Server) async throws -> DNSAnswer? {
        let id = UInt16.random(in: .min ... .max)
        guard let message = question.message(id: id) else { throw Failure.unaskable }
        let promise = loop.makePromise(of: DNSAnswer?.self)
        let isIPv4 = server.address.isIPv4
        let channel: any Channel
        do {
            let address = try SocketAddress(ipAddress: server.address.description, port: server.port)
            channel = try await DatagramBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            AnswerHandler(question, id, from: address, promise))
                    }
                }
                .bind(host: isIPv4 ? "0.0.0.0" : "::", port: 0).get()
            let envelope = AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: message))
            channel.writeAndFlush(envelope, promise: nil)
        } catch {
            promise.succeed(nil)
            return nil
        }
        let timeout = loop.scheduleTask(in: .microseconds(Int64(settings.timeoutMicroseconds))) { promise.succeed(nil) }
        let answer = try await promise.futureResult.get()
        timeout.cancel()
        channel.close(promise: nil)
        return answer
    }
}

/// Waits for the answer to one question, and passes over all else.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let question: DNSQuestion
    private let id: UInt16
    private let server: SocketAddress
    private let promise: EventLoopPromise<DNSAnswer?>

    init(_ question: DNSQuestion, _ id: UInt16, from server: SocketAddress, _ promise: EventLoopPromise<DNSAnswer?>) {
        self.question = question
        self.id = id
        self.server = server
        self.promise = promise
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        guard envelope.remoteAddress.ipAddress == server.ipAddress, envelope.remoteAddress.port == server.port,
            let answer = DNSAnswer(Array(envelope.data.readableBytesView), to: question, id: id)
        else { return }
        promise.succeed(answer)
    }
}
