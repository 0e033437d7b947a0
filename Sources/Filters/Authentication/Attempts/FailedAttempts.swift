import GatewayCore
import HTTPWire
import Policies
import Synchronization

/// Which addresses have failed to authenticate lately, for all workers of this node. IPv6 clients have whole networks to
/// choose addresses from, so those of one /64 count as one.
///
/// Looked at only while anyone has failed lately: until then it costs a request one load. Bounded: where it is full the
/// address goes that has failed least.
package final class FailedAttempts: Sendable {
    package struct Settings: Hashable, Sendable {
        package var limit: AttemptLimit
        /// Clients on this host are not counted: behind a proxy that is not trusted to name its clients, they are all of them.
        package var exemptsLoopback: Bool

        package init(limit: AttemptLimit, exemptsLoopback: Bool) {
            self.limit = limit
            self.exemptsLoopback = exemptsLoopback
        }
    }

    package let settings: Settings
    private let report: @Sendable (_ address: String) -> Void
    private let table = Mutex(AttemptTable())
    /// When all that is in the table will be over, in microseconds.
    private let busyUntil = Atomic<Int>(.min)

    /// - Parameter report: told of an address when it is first kept out.
    package init(_ settings: Settings, report: @escaping @Sendable (_ address: String) -> Void = { _ in }) {
        self.settings = settings
        self.report = report
    }

    /// How long the client has to wait until its credentials are looked at again; 0: they are.
    func wait(_ exchange: Exchange, now: Int) -> Int {
        guard now < busyUntil.load(ordering: .relaxed), let address = subject(exchange) else { return 0 }
        return table.withLock { $0.level(address)?.wait(now: now, settings.limit) ?? 0 }
    }

    func count(_ exchange: Exchange, now: Int) {
        guard let address = subject(exchange) else { return }
        let isFirstKeptOut = table.withLock { table in
            var level = table.level(address) ?? AttemptLevel()
            let before = level.wait(now: now, settings.limit)
            level.fail(now: now, settings.limit)
            table.set(address, level, now: now)
            return before == 0 && level.wait(now: now, settings.limit) > 0
        }
        let end = now + settings.limit.periodMicroseconds
        if end > busyUntil.load(ordering: .relaxed) { busyUntil.store(end, ordering: .relaxed) }
        if isFirstKeptOut { report(exchange.clientAddress.bytes.text) }
    }

    /// Nil: it is not counted.
    private func subject(_ exchange: Exchange) -> IPAddress? {
        guard let address = IPAddress(text: exchange.clientAddress.bytes) else { return nil }
        guard !settings.exemptsLoopback || !address.isLoopback else { return nil }
        return address.isIPv4 ? address : IPAddress(high: address.high, low: 0)
    }
}

extension IPAddress {
    fileprivate var isLoopback: Bool {
        isIPv4 ? low & 0xFF00_0000 == 0x7F00_0000 : high == 0 && low == 1
    }
}
