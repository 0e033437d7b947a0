import GatewayCore
import HTTPWire
import NIOCore

/// What is kept of a client connection that has changed to another protocol.
struct ClientTunnel {
    let terms: TunnelTerms
    let endsMicroseconds: Int
    /// Towards the client, of a WebSocket.
    var frames = WebSocketFrames()
    /// It is to end with the frame that is passing.
    var isLeaving = false

    init(_ terms: TunnelTerms, atMicroseconds now: Int) {
        self.terms = terms
        endsMicroseconds = now + terms.lifetimeMicroseconds
    }

    func microsecondsLeft(atMicroseconds now: Int) -> Int {
        max(min(terms.idleMicroseconds, endsMicroseconds - now), 1)
    }
}

/// The connection as a tunnel: what the client sends is a body without an end, and so is what it gets.
extension ClientConnection {
    /// The response with status 101 has been written.
    func startTunnel(_ terms: TunnelTerms) {
        keepsAlive = false
        tunnel = ClientTunnel(terms, atMicroseconds: MonotonicClock.microseconds())
        worker.tunnels += 1
        requestBody.start(.untilClose)
        expectProgress()
        // What the client has sent behind its request belongs to the tunnel.
        process()
    }

    /// Bytes have gone to the client.
    func passedThroughTunnel(_ bytes: ByteBuffer) {
        expectProgress()
        guard tunnel?.terms.isWebSocket == true else { return }
        bytes.withUnsafeReadableBytes { tunnel?.frames.follow($0.bindMemory(to: UInt8.self)) }
        if tunnel?.isLeaving == true { leaveTunnel() }
    }

    /// The node is about to go: a WebSocket is told so as soon as its frames allow. Others live until the drain is over.
    func leaveTunnel() {
        guard tunnel?.terms.isWebSocket == true else { return }
        tunnel?.isLeaving = true
        if tunnel?.frames.isBetweenFrames == true { endTunnel() }
    }

    /// Ends it, with a word if the protocol has one.
    func endTunnel() {
        if let context, let tunnel, tunnel.terms.isWebSocket, tunnel.frames.isBetweenFrames {
            context.write(NIOAny(ByteBuffer(bytes: WebSocketFrames.goingAway)), promise: nil)
        }
        let producer = self.producer
        self.producer = nil
        worker.entry.finish(exchange)
        closeAfterFlush(lingering: true)
        producer?.clientLost()
    }
}
