import Testing

@testable import HTTP2

@Suite("Frames on streams that are over (RFC 9113 §5.1)")
struct ClosedStreamsTests {
    private func streams(opened: [Int32], endedByPeer: [Int32] = [], reset: [Int32] = []) -> ClosedStreams {
        var streams = ClosedStreams()
        for id in opened { streams.opened(id) }
        for id in endedByPeer { streams.closed(id, isEndedByPeer: true) }
        for id in reset { streams.closed(id, isEndedByPeer: false) }
        return streams
    }

    @Test("who has ended a stream sends nothing further on it")
    func ended() {
        let streams = streams(opened: [1, 3, 5], endedByPeer: [1], reset: [3])
        #expect(streams.judge(1, isHead: true) == .endedByPeer)
        #expect(streams.judge(1, isHead: false) == .endedByPeer)
        #expect(streams.judge(3, isHead: true) == .pass)
        #expect(streams.judge(3, isHead: false) == .pass)
    }

    @Test("a number that was left out is never opened later")
    func leftOut() {
        let streams = streams(opened: [5])
        #expect(streams.judge(3, isHead: true) == .neverOpened)
        #expect(streams.judge(3, isHead: false) == .pass)
        for id in [7, 4, 0] as [Int32] { #expect(streams.judge(id, isHead: true) == .pass) }
    }

    @Test("only the latest are remembered, and nothing is held against older ones")
    func bounded() {
        let ids = (0..<Int32(ClosedStreams.most + 10)).map { $0 * 2 + 1 }
        let streams = streams(opened: ids, endedByPeer: ids)
        #expect(streams.judge(1, isHead: true) == .pass)
        #expect(streams.judge(21, isHead: true) == .endedByPeer)
        #expect(streams.judge(ids.last ?? 0, isHead: false) == .endedByPeer)
    }
}
