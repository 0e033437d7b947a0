import Encryption
import GatewayCore
import NIOCore
import NIOSSL

/// What a listener of one worker does with an accepted connection: counts it, and puts its handlers together.
package final class ClientAdmission {
    let worker: Worker
    private let count: ConnectionCount
    /// Reads a client's certificate, given in DER.
    package typealias CertificateReader = ([UInt8]) throws -> PeerCertificate

    private let readCertificate: CertificateReader
    /// Nil: cleartext. A reload exchanges it; connections that are open keep theirs.
    package var tls: ServerTLS?

    package init(worker: Worker, count: ConnectionCount, tls: ServerTLS? = nil,
        readCertificate: @escaping CertificateReader = { _ in PeerCertificate(subject: "", names: [], lines: []) }
    ) {
        self.worker = worker
        self.count = count
        self.tls = tls
        self.readCertificate = readCertificate
    }

    /// Why a connection was closed as soon as it was accepted.
    enum Refusal: Error { case tooManyConnections, draining }

    /// - Throws: `Refusal`; the connection is closed then.
    func admit(_ channel: any Channel) throws {
        let peer = Peer(address: channel.remoteAddress?.ipAddress ?? "unix")
        let (count, worker) = (self.count, self.worker)
        let isWelcome = count.enter(peer.address)
        worker.entry.connected(peer)
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            count.leave(peer.address)
            worker.entry.disconnected(peer)
        }
        if !isWelcome { worker.refusedConnections += 1 }
        guard isWelcome else { throw Refusal.tooManyConnections }
        guard !worker.isDraining else { throw Refusal.draining }
        try addHandlers(to: channel, peer)
    }

    private func addHandlers(to channel: any Channel, _ peer: Peer) throws {
        let pipeline = channel.pipeline.syncOperations
        guard let tls else {
            return try pipeline.addHandler(ClientConnection(worker: worker, channel: channel, peer: peer))
        }
        peer.isSecure = true
        try pipeline.addHandler(tls.makeHandler())
        try pipeline.addHandler(
            HandshakeHandler(
                worker: worker, channel: channel, peer: peer, timeoutMicroseconds: tls.handshakeTimeoutMicroseconds,
                readFacts: readCertificate))
    }
}
