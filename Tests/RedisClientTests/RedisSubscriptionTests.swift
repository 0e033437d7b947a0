import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("subscriptions", .ownThreads)
struct RedisSubscriptionTests {
    /// A subscription that notes what it is told; ended by its test.
    private final class Listener: Sendable {
        let events = Recorded<String>()
        let loop = anyLoop()
        private let subscription: NIOLoopBound<RedisSubscription>

        init(_ settings: RedisSettings, _ channels: String...) async throws {
            subscription = try await loop.submit { [events, loop] in
                let subscription = RedisSubscription(settings, channels: channels, on: loop)
                subscription.onMessage = { events.append("\($0)=\(String(decoding: $1, as: UTF8.self))") }
                subscription.onSubscribed = { events.append("subscribed") }
                subscription.onChange = { change in
                    switch change {
                    case .lost(let error), .unreachable(let error, _): events.append("failed: \(error)")
                    case .connected, .closed: break
                    }
                }
                subscription.start()
                return NIOLoopBound(subscription, eventLoop: loop)
            }.get()
        }

        func close() async throws { try await loop.submit { [subscription] in subscription.value.close() }.get() }

        func waitFor(_ expected: [String]) async throws {
            try await eventually("it notes \(expected)") {
                guard events.all == expected else { throw TestFailure("it noted \(events.all)") }
                return true
            }
        }
    }

    @Test("messages of all channels arrive in order and byte by byte, and those of others do not")
    func messages() async throws {
        let server = try await RedisServer()
        let listener = try await Listener(.local(server.port), "a", "b")
        try await listener.waitFor(["subscribed"])
        try await server.cli("PUBLISH", "a", "1")
        try await server.cli("PUBLISH", "c", "2")
        try await server.cli("PUBLISH", "b", "subscribe")
        try await server.cli("PUBLISH", "a", "")
        try await listener.waitFor(["subscribed", "a=1", "b=subscribe", "a="])
        try await listener.close()
    }

    @Test("after a restart of the server it subscribes again and says so")
    func reconnecting() async throws {
        let server = try await RedisServer()
        let listener = try await Listener(.local(server.port), "a")
        try await listener.waitFor(["subscribed"])
        try await server.restart()
        try await eventually("subscribed again") { listener.events.all.filter { $0 == "subscribed" }.count == 2 }
        try await server.cli("PUBLISH", "a", "1")
        try await eventually("the message") { listener.events.all.last == "a=1" }
        try await listener.close()
    }

    @Test("a server that hangs is noticed although nothing was published")
    func stalled() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port)
        settings.stallTimeout = .milliseconds(200)
        settings.connectTimeout = .milliseconds(500)
        let listener = try await Listener(settings, "a")
        try await eventually("subscribed") { listener.events.all.last == "subscribed" }
        server.pause()
        try await eventually("the loss is told") { listener.events.all.contains { $0.hasPrefix("failed") } }
        server.resume()
        try await eventually("subscribed again") { listener.events.all.last == "subscribed" }
        try await listener.close()
    }

    @Test("a quiet connection is kept")
    func quiet() async throws {
        let server = try await RedisServer()
        var settings = RedisSettings.local(server.port)
        settings.stallTimeout = .milliseconds(500)
        let listener = try await Listener(settings, "a")
        try await listener.waitFor(["subscribed"])
        try await eventually("several probes") {
            try await server.cli("INFO", "commandstats").contains(#/cmdstat_ping:calls=([5-9]|\d\d)/#)
        }
        #expect(listener.events.all == ["subscribed"])
        try await listener.close()
    }

    @Test("a user without the right to a channel is told, again and again")
    func forbidden() async throws {
        let server = try await RedisServer()
        try await server.cli("ACL", "SETUSER", "gate", "on", ">pw", "~*", "+@all", "resetchannels", "&a")
        let settings = try RedisSettings(url: "redis://gate:pw@127.0.0.1:\(server.port)").patient()
        let listener = try await Listener(settings, "a", "b")
        try await eventually("the reason is told") {
            listener.events.all.filter { $0.contains("NOPERM") && $0.contains("ACL SETUSER") }.count >= 2
        }
        #expect(!listener.events.all.contains("subscribed"))
        try await listener.close()
    }
}
