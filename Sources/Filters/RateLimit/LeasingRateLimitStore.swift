import GatewayCore
import HTTPWire
import Policies

/// A worker's way to the shared buckets that seldom has to go there (STATE.md, prepaid leases): it pays from tokens that
/// were borrowed in advance, refuses by itself what the store would refuse, and asks the store only for the rest.
///
/// It stands before the store that falls back on the node's own memory, so that leases, which are paid for, are spent
/// first when Redis is away.
///
/// A token from a lease counts as admitted when it is taken from the lease, even if its request then waits for the
/// store's word on other policies; as one from the bucket counts at the store's time. Both are before the request goes on.
package final class LeasingRateLimitStore: RateLimitStore {
    let store: any RateLimitStore
    let now: () -> Int
    let table: LeasingTable
    /// The parts of the request being looked at.
    var parts: [LeasingPart] = []
    var unused: [LeasingInquiry] = []
    /// Questions that are out.
    var openInquiries = 0
    /// Of the latest step of any lease; the store ignores what comes after a later one.
    var sequence = 0
    /// Cells whose leases must be looked after.
    var active: [LeasingCell] = []
    var isClosing = false
    /// Whom to tell that all leases have been given back.
    var closed: (() -> Void)?
    package internal(set) var counters = LeasingCounters()
    /// Leases that are held, or were until just now.
    package var leaseCount: Int { active.count }

    /// A request that has waited for another one's answer in vain asks for itself.
    private static let mostJoins = 1

    /// - Parameters:
    ///   - store: the shared buckets, with their fallback.
    ///   - capacity: keys that are remembered.
    ///   - now: microseconds of a clock that counts while the machine sleeps; leases end by it.
    package init(
        _ store: any RateLimitStore, capacity: Int = 32_768,
        now: @escaping () -> Int = MonotonicClock.microsecondsWithSleep
    ) {
        self.store = store
        self.now = now
        table = LeasingTable(capacity: capacity)
    }

    package func take(_ request: TakeRequest) -> Bool {
        request.ticket = 0
        return decide(request, now())
    }

    package func release(slot: Int) { store.release(slot: slot) }

    package func charge(_ policy: LimitPolicy, subject: Bytes, amount: Int) {
        store.charge(policy, subject: subject, amount: amount)
    }

    // MARK: Deciding

    /// All or nothing: what leases have is only spent when nothing else is lacking.
    func decide(_ request: TakeRequest, _ now: Int) -> Bool {
        parts.removeAll(keepingCapacity: true)
        var lacking = 0
        var joinable = 0
        for (index, entry) in request.entries.enumerated() {
            let cell = cell(of: entry, in: request)
            cell?.pins += 1
            var role = LeasingPart.Role.charged
            switch cell?.lease.step(entry.cost, now: now) ?? .take {
            case .pay: role = .paid
            case .refuse(let wait) where entry.policy.isShadow: role = .skipped(wait: wait)
            case .refuse(let wait):
                refuse(request, at: index, cell, wait: wait, now)
                return true
            case .ask: role = .asked
            case .take: break
            case .join: joinable += 1
            }
            let part = LeasingPart(
                cell: cell, cost: entry.cost, windows: entry.policy.windows.count, role: role)
            if part.isInquired { lacking += 1 }
            parts.append(part)
        }
        if lacking == 0 { return pay(request, now) }
        if joinable == lacking, request.ticket < Self.mostJoins { return join(request) }
        return inquire(request, now)
    }

    /// Places under a limit of concurrency are only known to the store.
    private func cell(of entry: TakeRequest.Entry, in request: TakeRequest) -> LeasingCell? {
        guard entry.policy.concurrency == nil, !entry.policy.windows.isEmpty else { return nil }
        guard let cell = table.cell(entry.policy, request.subject(of: entry)) else { return nil }
        // A policy named twice is paid once from the lease; what it has was counted for the first.
        return parts.contains { $0.cell === cell } ? nil : cell
    }

    private func pay(_ request: TakeRequest, _ now: Int) -> Bool {
        counters.admittedLocally += 1
        for part in parts {
            guard let cell = part.cell else { continue }
            if case .paid = part.role {
                cell.lease.pay(part.cost)
                counters.paid += 1
            }
        }
        for (part, entry) in zip(parts, request.entries) { appendOwnStates(part, entry, to: request, now) }
        request.conclude(.admitted)
        unpinParts()
        renewPaid(now)
        return true
    }

    /// The states of an entry that the store was not asked about.
    func appendOwnStates(
        _ part: LeasingPart, _ entry: TakeRequest.Entry, to request: TakeRequest, _ now: Int
    ) {
        guard let cell = part.cell else { return }
        var wait = 0
        if case .skipped(let known) = part.role { wait = known }
        let tightest = wait > 0 ? cell.tightest : -1
        for window in 0..<part.windows {
            request.append(cell.state(window, wait: window == tightest ? wait : 0, now: now))
        }
    }

    /// What the store would say, as far as it is known: the refusing entry tells how long, the others what they had.
    private func refuse(_ request: TakeRequest, at refusing: Int, _ cell: LeasingCell?, wait: Int, _ now: Int) {
        counters.refusedLocally += 1
        for (index, entry) in request.entries.enumerated() {
            let cell =
                index < parts.count
                ? parts[index].cell : index == refusing ? cell : table.find(entry.policy, request.subject(of: entry))
            let tightest = index == refusing ? cell?.tightest ?? 0 : -1
            for (place, window) in entry.policy.windows.enumerated() {
                let wait = place == tightest ? wait : 0
                let unknown = TakeRequest.WindowState(
                    remaining: window.capacity, resetMicroseconds: 0, waitMicroseconds: wait)
                request.append(cell?.state(place, wait: wait, now: now) ?? unknown)
            }
        }
        request.conclude(.refused)
        cell?.pins -= 1
        unpinParts()
    }

    private func join(_ request: TakeRequest) -> Bool {
        counters.joined += 1
        request.ticket += 1
        var isWaiting = false
        for part in parts where part.isInquired {
            guard let cell = part.cell else { continue }
            cell.lease.join(part.cost)
            if !isWaiting { cell.waiting.append(request) }
            isWaiting = true
        }
        unpinParts()
        return false
    }

    /// Before the next requests have to wait for it.
    private func renewPaid(_ now: Int) {
        for part in parts {
            guard let cell = part.cell, case .paid = part.role, cell.lease.isRunningLow(now: now) else { continue }
            tend(cell, now)
        }
    }

    func unpinParts() {
        for part in parts { part.cell?.pins -= 1 }
    }
}
