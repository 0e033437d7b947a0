import NIOCore

/// What carries one attempt to a target: a connection that speaks HTTP/1.1, or a stream of one that speaks HTTP/2.
protocol UpstreamLink: AnyObject {
    var isWritable: Bool { get }
    /// Requests sent over the connection; more than one means that it was not opened for this one.
    var servedCount: Int { get }
    /// Whether any byte of the current response has come.
    var hasResponseBytes: Bool { get }

    /// Takes the link for `attempt`; its request is about to be written.
    func begin(_ attempt: Attempt, answersHEAD: Bool)
    /// The head as HTTP/1.1 text, and what there is of a body of known length; then the rest of it.
    func send(_ buffer: ByteBuffer, isEnd: Bool)
    /// A piece of a body of unknown length.
    func sendChunk(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8])
    func pauseReading(_ shouldPause: Bool)
    /// Lets go of the attempt without its response.
    func abandon()
}

/// The ways of one worker to one target.
protocol TargetConnections: AnyObject {
    var target: UpstreamSettings.Target { get }
    /// Its place among the upstream's targets, which may change when a name stands for others.
    var index: Int { get set }
    /// Open and opening connections, and those of them that wait for a request.
    var openCount: Int { get }
    var unusedCount: Int { get }
    /// Attempts that hold a link or wait for one.
    var activeCount: Int { get }
    /// Those that wait.
    var waitingCount: Int { get }

    /// Leads to exactly one of `attempt.connected` and `attempt.failedToConnect`, maybe at once.
    /// `fresh` asks for a new connection, after a pooled one turned out to be stale.
    func acquire(for attempt: Attempt, fresh: Bool)
    /// The attempt has stopped waiting.
    func forget(_ attempt: Attempt)
    func close()
}
