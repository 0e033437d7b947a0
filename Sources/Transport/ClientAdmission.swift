import Encryption
import GatewayCore
import NIOCore
import NIOSSL
import Policies

/// What a listener of one worker does with an accepted connection: counts it, and puts its handlers together.
package final class ClientAdmission {
    let worker: Worker
    private let count: ConnectionCount
    /// Reads a client's certificate, given in DER.
    package typealias CertificateReader = ([UInt8]) throws -> PeerCertificate

    private let readCertificate: CertificateReader
    /// Nil: cleartext. A reload exchanges it; connections that are open keep theirs.
    package var tls: ServerTLS?

    /// Who may say by the PROXY protocol whose connection it is, and has to; nil: nobody is asked.
    package var balancers: [NetworkRange]?
    /// The listener's address, as configured.
    private let listener: String

    package init(
        worker: Worker, count: ConnectionCount, listener: String = "", tls: ServerTLS? = nil,
        readCertificate: @escaping CertificateReader = { _ in PeerCertificate(subject: "", names: [], lines: []) }
    ) {
        self.worker = worker
        self.count = count
        self.listener = listener
        self.tls = tls
        self.readCertificate = readCertificate
    }

    /// Why a connection was closed as soon as it was accepted.
    enum Refusal: Error { case tooManyConnections, draining, unknownBalancer }

    /// - Throws: `Refusal`; the connection is closed then.
    func admit(_ channel: any Channel) throws {
        let peer = Peer(address: channel.remoteAddress?.ipAddress ?? "unix")
        peer.listener = listener
        let (count, worker) = (self.count, self.worker)
        // Behind a balancer all connections have one address.
        let isDirect = balancers == nil
        let isWelcome = count.enter(isDirect ? peer.address : nil)
        let counted = isDirect ? peer.address : nil
        worker.entry.connected(peer)
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            count.leave(counted)
            worker.entry.disconnected(peer)
        }
        if !isWelcome { worker.refusedConnections += 1 }
        guard isWelcome else { throw Refusal.tooManyConnections }
        guard !worker.turnsAway else { throw Refusal.draining }
        guard let balancers else { return try addHandlers(to: channel, peer) }
        guard let address = IPAddress(peer.address), balancers.contains(where: { $0.contains(address) }) else {
            throw Refusal.unknownBalancer
        }
        let header = ProxyProtocolHandler(worker: worker, channel: channel) { [self] source in
            if let source { try adopt(source, peer, channel) }
            try addHandlers(to: channel, peer)
        }
        try channel.pipeline.syncOperations.addHandler(header)
    }

    private func adopt(_ source: String, _ peer: Peer, _ channel: any Channel) throws {
        peer.address = source
        let count = self.count
        let isWelcome = count.enterAddress(source)
        channel.closeFuture.assumeIsolated().whenComplete { _ in count.leaveAddress(source) }
        if !isWelcome { worker.refusedConnections += 1 }
        guard isWelcome else { throw Refusal.tooManyConnections }
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
