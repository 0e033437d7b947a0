import GatewayCore
import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind TLS until the handshake is over, and then makes room for the protocol that was agreed on (RFC 7301).
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, ClientSession {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let worker: Worker
    private let channel: any Channel
    private let peer: Peer
    private let timeoutMicroseconds: Int
    private let readFacts: ClientAdmission.CertificateReader
    private var deadline: Deadline!
    private var isOver = false

    init(
        worker: Worker, channel: any Channel, peer: Peer, timeoutMicroseconds: Int,
        readFacts: @escaping ClientAdmission.CertificateReader
    ) {
        self.worker = worker
        self.channel = channel
        self.peer = peer
        self.timeoutMicroseconds = timeoutMicroseconds
        self.readFacts = readFacts
        deadline = Deadline(owner: self)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        worker.opened(self)
        worker.deadlines.set(deadline, microsecondsFromNow: timeoutMicroseconds)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted(let agreed) = event else {
            return context.fireUserInboundEventTriggered(event)
        }
        end()
        do {
            try readCertificate(context)
            try install(agreed, context)
        } catch {
            worker.failedHandshakes += 1
            close()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !isOver { worker.failedHandshakes += 1 }
        end()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isOver { worker.failedHandshakes += 1 }
        end()
        context.fireChannelInactive()
    }

    func drain() { close() }
    func yield() {}

    func close() { channel.close(promise: nil) }

    private func end() {
        guard !isOver else { return }
        isOver = true
        worker.deadlines.remove(deadline)
        worker.closed(self)
    }

    private func readCertificate(_ context: ChannelHandlerContext) throws {
        guard let shown = try context.pipeline.syncOperations.nioSSL_peerCertificate() else { return }
        peer.certificate = try readFacts(try shown.toDERBytes())
    }

    private func install(_ agreed: String?, _ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        if agreed == "h2" {
            let connection = HTTP2ClientConnection(worker: worker, channel: channel, peer: peer)
            try pipeline.addHandler(connection, position: .after(self))
        } else {
            let connection = ClientConnection(worker: worker, channel: channel, peer: peer)
            try pipeline.addHandler(connection, position: .after(self))
        }
        pipeline.removeHandler(context: context, promise: nil)
    }
}

extension HandshakeHandler: DeadlineOwner {
    func deadlineReached() { close() }
}
