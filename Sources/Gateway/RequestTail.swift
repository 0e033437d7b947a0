import GatewayCore
import Synchronization
import Telemetry

/// The latest requests, for those who watch: nothing is noted while nobody does, and then a sample, in a ring of the node.
final class RequestTail: Sendable {
    struct Entry: Sendable {
        var sequence = 0
        var wallMicroseconds = 0
        var id = ""
        var client = ""
        var method = ""
        var host = ""
        /// Without the query, which may carry credentials.
        var path = ""
        var record = ExchangeRecord()
        var durationMicroseconds = 0
        var route = ""
        var upstream = ""
        var consumer = ""
        var trace = ""
        /// What the gateway told the client of its decisions: complete field lines.
        var decisions: [String] = []
    }

    static let remembered = 200
    /// Watching ends so long after the last look.
    private static let watchMicroseconds = 6_000_000
    /// A second, of the whole node.
    private static let mostPerSecond = 50

    private struct Ring {
        var entries: [Entry] = []
        var next = 1
        var second = 0
        var inSecond = 0
    }

    private let ring = Mutex(Ring())
    private let watchedUntil = Atomic<Int>(0)

    /// Whether somebody watches; the only thing that is asked for each request.
    @inline(__always)
    func isWatched(now: Int) -> Bool { watchedUntil.load(ordering: .relaxed) > now }

    /// `make` is only called if there is room for another one in this second.
    func note(now: Int, _ make: () -> Entry) {
        guard admit(now / 1_000_000) else { return }
        var entry = make()
        ring.withLock { ring in
            entry.sequence = ring.next
            ring.next += 1
            if ring.entries.count == Self.remembered { ring.entries.removeFirst() }
            ring.entries.append(entry)
        }
    }

    private func admit(_ second: Int) -> Bool {
        ring.withLock { ring in
            if ring.second != second { (ring.second, ring.inSecond) = (second, 0) }
            ring.inSecond += 1
            return ring.inSecond <= Self.mostPerSecond
        }
    }

    /// Entries after a sequence number, oldest first; whoever looks is watching from now on.
    func look(after: Int) -> [Entry] {
        watchedUntil.store(MonotonicClock.microseconds() + Self.watchMicroseconds, ordering: .relaxed)
        return ring.withLock { $0.entries.filter { $0.sequence > after } }
    }
}
