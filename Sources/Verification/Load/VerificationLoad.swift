import NIOCore
import NIOPosix

/// A load with its own upstream, on a thread of its own; for code outside of its event loop.
package final class VerificationLoad: Sendable {
    package let upstreamPort: Int
    /// Also free for others who want little: it is the load's.
    package let eventLoop: any EventLoop
    private let group: MultiThreadedEventLoopGroup
    private let run: NIOLoopBoundBox<LoadRun>
    private let upstream: any Channel

    /// Starts the upstream; no load yet.
    package init(_ settings: LoadSettings) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let run = try await loop.submit { NIOLoopBoundBox(LoadRun(settings, on: loop), eventLoop: loop) }.get()
        let upstream = try await CountingUpstream.listen(on: loop) { run.value.arrived($0) }
        (self.group, self.run, self.upstream, eventLoop) = (group, run, upstream, loop)
        upstreamPort = upstream.localAddress?.port ?? 0
    }

    package var upstreamURL: String { "http://127.0.0.1:\(upstreamPort)" }

    /// Begins to send.
    /// - Parameter comparesDirectly: whether the upstream is also asked directly, to compare.
    package func start(_ targets: [LoadTarget], comparesDirectly: Bool = false) async throws {
        let upstream = comparesDirectly ? LoadTarget(port: upstreamPort) : nil
        try await eventLoop.submit { [run] in run.value.start(targets, upstream: upstream) }.get()
    }

    /// What has come of it so far.
    package var observation: Observation {
        get async throws { try await eventLoop.submit { [run] in run.value.observation }.get() }
    }

    /// The clock of observations, in microseconds.
    package static var now: Int { LoadRun.now }

    /// Sends nothing more, waits for the answers that are due, and says what came of it all.
    package func stop() async throws -> Observation {
        try await eventLoop.flatSubmit { [run] in run.value.stop() }.get()
        return try await observation
    }

    /// Ends the upstream and the thread; nothing works afterwards.
    package func shutDown() async throws {
        try await upstream.close()
        try await group.shutdownGracefully()
    }
}

extension VerificationLoad {
    /// One request over a connection of its own: the status of its answer; nil when there is none.
    package func ask(_ target: LoadTarget, _ path: String, _ headers: [String] = []) async throws -> Int? {
        let lines = (["GET \(path) HTTP/1.1", "Host: \(target.host):\(target.port)"] + headers + ["", ""])
        let head = ByteBuffer(string: lines.joined(separator: "\r\n"))
        return try await eventLoop.flatSubmit { [eventLoop] in
            let promise = eventLoop.makePromise(of: Int?.self)
            let pool = LoadPool(target, limit: 1, on: eventLoop)
            pool.take { connection in
                guard let connection else { return promise.succeed(nil) }
                connection.send(head, patience: .seconds(5)) { outcome in
                    if case .answered(let status, _) = outcome { promise.succeed(status) } else { promise.succeed(nil) }
                    pool.close()
                }
            }
            return promise.futureResult
        }.get()
    }
}
