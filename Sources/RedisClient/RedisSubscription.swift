import NIOCore

/// A connection that listens to channels, confined to its event loop.
///
/// Messages that are published while it is not connected are lost, as Redis keeps none: so after each `onSubscribed`,
/// the first one included, the owner reads anew whatever the messages would have told it. It connects by itself, again
/// and again, until it is closed; it must be closed to be let go of.
package final class RedisSubscription {
    package let eventLoop: any EventLoop
    package let channels: [String]
    /// Called with the channel and the bytes of each message.
    package var onMessage: ((_ channel: String, _ payload: [UInt8]) -> Void)?
    /// Called whenever all channels are subscribed to, after the first connection and after each further one.
    package var onSubscribed: (() -> Void)?
    /// Called when the connection comes and goes, for logs.
    package var onChange: ((RedisConnection.Change) -> Void)?
    /// Whether a message published now would arrive.
    package private(set) var isSubscribed = false

    private let connection: RedisConnection
    private var isProbing = false
    private let probePause: TimeAmount

    package init(_ settings: RedisSettings, channels: [String], on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        self.channels = channels
        var own = settings
        // Nothing waits for these answers; a connection whose probe stays unanswered is given up as stalled.
        own.timeout = settings.stallTimeout
        probePause = .nanoseconds(max(settings.stallTimeout.nanoseconds / 2, 1_000_000))
        connection = RedisConnection(own, on: eventLoop)
    }

    /// Begins to connect.
    package func start() {
        // Held by its connection until it is closed.
        connection.onPush = { [self] reply in receive(reply) }
        connection.onChange = { [self] change in follow(change) }
        connection.start()
    }

    /// Ends the subscription for good.
    package func close() {
        connection.close()
    }

    private func follow(_ change: RedisConnection.Change) {
        isSubscribed = false
        switch change {
        case .connected: subscribe()
        case .closed:
            connection.onPush = nil
            connection.onChange = nil
        case .lost, .unreachable: break
        }
        onChange?(change)
    }

    /// One command for each channel, since Redis answers SUBSCRIBE once for each of its channels.
    private func subscribe() {
        for (index, channel) in channels.enumerated() {
            let isLast = index == channels.count - 1
            connection.send { writer in
                writer.begin(words: 2)
                writer.append("SUBSCRIBE")
                writer.append(channel)
            } completion: { [self] result in
                conclude(result, isLast: isLast)
            }
        }
        scheduleProbe()
    }

    private func conclude(_ result: Result<RedisReply, RedisError>, isLast: Bool) {
        switch result {
        case .success:
            guard isLast else { return }
            isSubscribed = true
            onSubscribed?()
        // The user may not have the right to a channel: told, and tried again with the next connection.
        case .failure(let error): connection.giveUp(error)
        }
    }

    /// True if it was a message.
    private func receive(_ reply: RedisReply) -> Bool {
        guard reply.count == 3, let kind = reply[0], kind.bytes.elementsEqual("message".utf8), let channel = reply[1],
            let payload = reply[2]
        else { return false }
        onMessage?(channel.text, Array(payload.bytes))
        return true
    }

    /// A silent connection that has died looks like a quiet one; Redis answers PING while subscribed.
    private func scheduleProbe() {
        guard !isProbing else { return }
        isProbing = true
        eventLoop.assumeIsolated().scheduleTask(in: probePause) { [self] in
            isProbing = false
            guard connection.isReady else { return }
            connection.send { writer in
                writer.begin(words: 1)
                writer.append("PING")
            } completion: { _ in
            }
            scheduleProbe()
        }
    }
}
