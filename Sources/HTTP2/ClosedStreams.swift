/// The latest streams of a server's connection that are over, so that a frame on one of them can be judged (RFC 9113
/// §5.1): a peer that ended a stream must send nothing further on it, but what it sent before it saw our reset is ignored.
///
/// Only asked about streams that nobody knows any more, so a look may take its time.
package struct ClosedStreams: Sendable {
    package enum Verdict: Hashable, Sendable {
        /// None of this connection's business here: new streams and live ones are nghttp2's to judge.
        case pass
        /// Connection error STREAM_CLOSED.
        case endedByPeer
        /// A number that was left out when a higher one was opened is closed too (§5.1.1): connection error PROTOCOL_ERROR.
        case neverOpened
    }

    /// As many are remembered; of older ones nothing is said.
    static let most = 256

    private var ring: [Int32] = []
    private var next = 0
    private var newest: Int32 = 0

    package init() {}

    /// A request has begun.
    package mutating func opened(_ id: Int32) { newest = max(newest, id) }

    /// - Parameter isEndedByPeer: by the end of its request, or a reset of its own.
    package mutating func closed(_ id: Int32, isEndedByPeer: Bool) {
        // Numbers are positive: the sign tells who ended it.
        let entry = isEndedByPeer ? id : -id
        if ring.count < Self.most {
            ring.append(entry)
        } else {
            ring[next] = entry
            next = (next + 1) % Self.most
        }
    }

    /// A frame with a head or body for a stream that is not open.
    package func judge(_ id: Int32, isHead: Bool) -> Verdict {
        guard id > 0, id <= newest, id % 2 == 1 else { return .pass }
        if ring.contains(id) { return .endedByPeer }
        // Bytes of a body may still be on their way to a stream that was refused; a second head may not.
        return isHead && ring.count < Self.most && !ring.contains(-id) ? .neverOpened : .pass
    }
}
