import NIOCore

/// Sending: one write for all commands of one turn of the loop.
extension RedisConnection {
    /// Runs the flush after all events of this turn, so that the commands of all of them share it.
    func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        isFlushScheduled = false
        // A socket that takes no more calls `writabilityChanged` when it does; until then `output` is the bounded backlog.
        guard let channel, channel.isWritable, unflushedCommands > 0 else { return }
        // Taken before it is written: writing can lead back here through `writabilityChanged`.
        let bytes = output.take()
        pending.keepCommands(newest: unflushedCommands, sent: bytes)
        unflushedCommands = 0
        counters.flushes += 1
        channel.writeAndFlush(bytes, promise: nil)
    }

    func writabilityChanged(of source: RedisChannelHandler) {
        if source === handler, unflushedCommands > 0 { scheduleFlush() }
    }
}
