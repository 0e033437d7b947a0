import NIOCore
import NIOPosix

/// The connections to one node: opened when they are needed, up to a bound, and used again.
final class LoadPool {
    private let target: LoadTarget
    private let eventLoop: any EventLoop
    private let limit: Int
    private var idle: [LoadConnection] = []
    private var open: [ObjectIdentifier: LoadConnection] = [:]
    private var connecting = 0
    /// A node that could not be reached is left alone for a while, as a balancer would.
    private var avoidedUntil = NIODeadline.uptimeNanoseconds(0)

    init(_ target: LoadTarget, limit: Int, on eventLoop: any EventLoop) {
        self.target = target
        self.limit = limit
        self.eventLoop = eventLoop
    }

    /// Whether a request can be sent now, perhaps over a connection that is still to be opened.
    var hasRoom: Bool { !idle.isEmpty || open.count + connecting < limit && NIODeadline.now() >= avoidedUntil }

    /// Hands over a connection that can take a request, or nil when there is none to be had; not always at once.
    func take(_ body: @escaping (LoadConnection?) -> Void) {
        while let connection = idle.popLast() {
            if connection.isIdle { return body(connection) }
        }
        connecting += 1
        let received = NIOLoopBound(body, eventLoop: eventLoop)
        let pool = NIOLoopBound(self, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop).channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(2))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LoadConnection(channel))
                }
            }
            .connect(host: target.host, port: target.port)
            .flatMapThrowing { try $0.pipeline.syncOperations.handler(type: LoadConnection.self) }
            .assumeIsolated()
            .whenComplete { result in pool.value.opened(try? result.get(), received.value) }
    }

    private func opened(_ connection: LoadConnection?, _ body: (LoadConnection?) -> Void) {
        connecting -= 1
        guard let connection else {
            avoidedUntil = .now() + .milliseconds(100)
            return body(nil)
        }
        let id = ObjectIdentifier(connection)
        open[id] = connection
        connection.onEnd = { [weak self] in
            self?.open[id] = nil
            self?.idle.removeAll { $0 === connection }
        }
        body(connection)
    }

    /// Takes back a connection whose request is over.
    func give(_ connection: LoadConnection) { if connection.isIdle { idle.append(connection) } }

    func close() {
        for connection in open.values { connection.close() }
        idle.removeAll()
    }
}
