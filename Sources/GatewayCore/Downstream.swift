import HTTPWire
import NIOCore

/// The client's side of an exchange, whatever protocol it speaks. Only called on the worker's event loop.
///
/// A response is `respond`, any number of `write`, and `end` or `abort`. The request body is pulled: nothing is delivered
/// before `attach`, so that a filter may wait without the body filling memory.
package protocol Downstream: AnyObject {
    /// A whole reply of the gateway's own; ends the exchange.
    func send(_ reply: Reply, for exchange: Exchange)

    /// Passes an interim response (1xx) on.
    func interim(_ head: ResponseHead)

    /// The final response head, and the first body bytes that came with it. `isComplete` if that is all there is.
    func respond(_ head: ResponseHead, body: ByteBuffer?, isComplete: Bool)

    /// The same for a response that is kept. `body` is written without a copy of it being made, unless it is short.
    func respond(_ head: StoredHead, body: StoredBody?, isComplete: Bool)

    /// Further body bytes, without any framing.
    func write(_ body: ByteBuffer)

    /// The body is complete; `trailers` are complete field lines, mostly none.
    func end(trailers: [UInt8])

    /// The response can't be completed: the client must see that it is cut off.
    func abort(_ failure: Failure)

    /// From now on `producer` gets the request body (at once what has arrived already) and hears of the client's state.
    func attach(_ producer: any ResponseProducer)

    /// Whether the client keeps up; a response that starts while it doesn't should be held back from the start.
    var isWritable: Bool { get }

    /// Stops and resumes the delivery of the request body (backpressure from the upstream).
    func pauseBody()
    func resumeBody()

    /// A filter that waited has answered after the client had gone.
    func abandonedExchangeEnded(_ exchange: Exchange)
}

/// Who makes the response of an exchange: takes its request body, and holds back while the client can't keep up.
package protocol ResponseProducer: AnyObject {
    /// Body bytes without framing; may be empty when `isEnd`. `trailers` only then.
    func receiveBody(_ bytes: ByteBuffer, isEnd: Bool, trailers: [UInt8])

    /// The client is gone, or broke the framing of its body: no more will come, and no response can be delivered.
    func clientLost()

    /// The client takes no more response bytes for now, or takes them again.
    func clientWritabilityChanged(isWritable: Bool)
}

/// Who wants to know of a request's body while it is sent to the upstream.
package protocol BodyObserver: AnyObject {
    /// Called for each piece, once, in their order; `bytes` may be empty at the end.
    func bodyContinued(_ bytes: ByteBuffer, isEnd: Bool)
}

/// Where exchanges arrive from the transports: the gateway's side of a worker.
package protocol ExchangeEntry: AnyObject {
    /// A connection was accepted. Decides whether its peer is a trusted proxy.
    func connected(_ peer: Peer)
    func disconnected(_ peer: Peer)

    /// A complete head has been parsed. Leads to exactly one `finish`.
    func arrive(_ exchange: Exchange)

    /// The exchange is over: its last byte was handed to the socket, or its client is gone.
    func finish(_ exchange: Exchange)

    /// A head or body that broke the rules; the transport answers with 400 or the like and closes. A bad head never became
    /// an exchange, but lends its id and its response lines to the reply.
    func refused(_ fault: HeadFault, on exchange: Exchange)
}
