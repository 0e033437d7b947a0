import GatewayCore
import NIOCore

/// Something that is waited for at most until a point in time. Setting it later costs one store.
package final class Deadline {
    /// Called when the deadline passes; it has been cleared then.
    fileprivate unowned let owner: any DeadlineOwner
    /// Monotonic microseconds; nil while nothing is waited for.
    fileprivate(set) var due: Int?
    fileprivate var slot = -1
    /// The tick at which its slot comes up; the due time may lie later.
    fileprivate var linkedTick = 0
    fileprivate unowned(unsafe) var previous: Deadline?
    fileprivate var following: Deadline?

    init(owner: any DeadlineOwner) { self.owner = owner }
}

package protocol DeadlineOwner: AnyObject {
    func deadlineReached()
}

/// All deadlines of one worker: a hashed timing wheel (Varghese and Lauck, 1987), turned every 10 ms.
///
/// Most deadlines are pushed back again and again and never fire. So an entry that is set to later stays in its slot and is
/// moved on when that slot comes up; only an earlier deadline moves at once. Thus a request costs a store or two, where
/// `scheduleTask` would cost an allocation and a heap operation each time.
///
/// The wheel has a clock of its own: of a time in which the loop stood still (a paused machine, a long computation) it
/// counts `longestStep`. Nobody looked meanwhile, so nobody was too slow; and what is set right after the standstill, before
/// the next turn, must not be due at once.
final class DeadlineWheel {
    static let tickMicroseconds = 10_000
    /// Ticks that one turn counts at most.
    static let longestStep = 10
    private static let slotCount = 1024

    private var slots: [Deadline?] = Array(repeating: nil, count: slotCount)
    private var currentTick: Int
    /// Time that was not counted.
    private var standstillMicroseconds = 0

    init(nowMicroseconds: Int = MonotonicClock.microseconds()) {
        currentTick = nowMicroseconds / Self.tickMicroseconds
    }

    /// Counted from the last tick, and one tick is added: no clock is read on the way, and it is never early, except for up
    /// to `longestStep` right after a standstill.
    func set(_ deadline: Deadline, microsecondsFromNow delay: Int) {
        set(deadline, at: currentTick &* Self.tickMicroseconds &+ Self.tickMicroseconds &+ delay)
    }

    func set(_ deadline: Deadline, at due: Int) {
        deadline.due = due
        if deadline.slot >= 0 {
            if deadline.linkedTick <= due / Self.tickMicroseconds &+ 1 { return }
            unlink(deadline)
        }
        link(deadline)
    }

    func clear(_ deadline: Deadline) {
        // Stays linked: the next request will most likely set it again.
        if deadline.due != nil { deadline.due = Int.max }
    }

    /// Takes the entry out for good, before its owner goes.
    func remove(_ deadline: Deadline) {
        unlink(deadline)
        deadline.due = nil
    }

    /// Fires what is due; called every tick, and catches up if it was a little late.
    func turn(nowMicroseconds: Int) {
        let latest = (currentTick + Self.longestStep) * Self.tickMicroseconds
        standstillMicroseconds = max(standstillMicroseconds, nowMicroseconds - latest)
        let now = nowMicroseconds - standstillMicroseconds
        let target = now / Self.tickMicroseconds
        while currentTick < target {
            currentTick += 1
            turnSlot(currentTick % Self.slotCount, now)
        }
    }

    private func turnSlot(_ index: Int, _ now: Int) {
        // Firing may set or remove any deadline, so the slot is emptied from its head, a bounded number of times.
        var kept: [Deadline] = []
        while let entry = slots[index] {
            unlink(entry)
            guard let due = entry.due else { continue }
            if due == Int.max {
                entry.due = nil
            } else if due <= now {
                entry.due = nil
                entry.owner.deadlineReached()
            } else {
                kept.append(entry)
            }
        }
        for entry in kept where entry.slot < 0 && entry.due != nil { link(entry) }
    }

    private func link(_ deadline: Deadline) {
        guard let due = deadline.due else { return }
        let dueTick = due / Self.tickMicroseconds &+ 1
        let ahead = min(max(dueTick - currentTick, 1), Self.slotCount - 1)
        let index = (currentTick + ahead) % Self.slotCount
        deadline.slot = index
        deadline.linkedTick = currentTick + ahead
        deadline.following = slots[index]
        slots[index]?.previous = deadline
        slots[index] = deadline
    }

    private func unlink(_ deadline: Deadline) {
        guard deadline.slot >= 0 else { return }
        let following = deadline.following
        if let previous = deadline.previous { previous.following = following } else { slots[deadline.slot] = following }
        following?.previous = deadline.previous
        deadline.previous = nil
        deadline.following = nil
        deadline.slot = -1
    }
}
