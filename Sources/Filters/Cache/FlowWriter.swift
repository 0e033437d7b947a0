import GatewayCore
import NIOCore

/// Writes what a fetch collects to Redis while it comes, for followers on other nodes. Begun only when one of them waits
/// and the response takes its time; what is quick is found in the store.
final class FlowWriter {
    /// Bytes that wait for the pause's end at most.
    private static let batchBytes = 64 << 10
    private static let pause = TimeAmount.milliseconds(20)

    private let shared: any SharedResponses
    private let fill: SharedFill
    private let loop: any EventLoop
    private var pending = ByteBuffer()
    private var timer: Scheduled<Void>?

    /// Nil if the response can't be shared so.
    init?(_ draft: ResponseDraft, _ fill: SharedFill, _ shared: any SharedResponses, on loop: any EventLoop) {
        guard let head = FlowHead(draft, at: MonotonicClock.microsecondsWithSleep()) else { return nil }
        self.shared = shared
        self.fill = fill
        self.loop = loop
        shared.share([.head(head)], of: fill)
        share(draft.body)
    }

    func write(_ bytes: ByteBuffer) {
        pending.writeImmutableBuffer(bytes)
        if pending.readableBytes >= Self.batchBytes { return flush() }
        guard timer == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(in: Self.pause) { bound.value.flush() }
    }

    /// Nothing has come for a while; it goes on.
    func keepAlive() { shared.share([], of: fill) }

    /// - Parameter isWhole: false if it is cut off.
    func end(isWhole: Bool) {
        flush()
        shared.share([isWhole ? .end : .cut], of: fill)
    }

    private func flush() {
        timer?.cancel()
        timer = nil
        let bytes = pending
        pending = ByteBuffer()
        share(bytes)
    }

    private func share(_ bytes: ByteBuffer) {
        var bytes = bytes
        while let part = bytes.readSlice(length: min(bytes.readableBytes, FlowPart.longestBody)), part.readableBytes > 0
        {
            shared.share([.body(part)], of: fill)
        }
    }
}
