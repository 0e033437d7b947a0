import NIOCore

/// Commands that were written and not answered yet, in the order in which Redis will answer.
///
/// A command that timed out keeps its place without its completion, so that its late reply finds it and is discarded.
struct PendingCommands {
    struct Slot {
        /// Nil once the caller has been answered.
        var completion: RedisConnection.Completion?
        let sentMicroseconds: Int
        let deadlineMicroseconds: Int
        /// Counted, as commands of users are and those of the handshake are not.
        var isCounted = true
        /// What is needed to send the command again; nil if it never is.
        var command: Command?
    }

    /// A command that may have to be repeated: Redis has forgotten its script, or another server has its key.
    struct Command {
        /// Called by digest; nil for everything else.
        let script: RedisScriptID?
        /// Where the command lies in the output; its bytes are kept once they are sent.
        let range: Range<Int>
        var bytes: ByteBuffer?
        var isRepeated = false
        /// Its script was loaded again for it.
        var isReloaded = false
        /// It is for a node that its slot is still on its way to.
        var isAsking = false
        var redirects = 0
    }

    private var slots = CircularBuffer<Slot>(initialCapacity: 64)
    private let limit: Int
    /// Slots at the head that have been looked at and expired.
    private var expiredAtHead = 0
    /// Repeated commands keep their deadline, and so stand behind later ones; while there are any, all slots are looked at.
    private var outOfOrder = 0

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { slots.count }
    var isEmpty: Bool { slots.isEmpty }
    var isFull: Bool { slots.count >= limit }

    /// When the command was sent whose reply is due next.
    var oldestSentMicroseconds: Int? { slots.first?.sentMicroseconds }

    mutating func append(_ slot: Slot) {
        if slot.command?.isRepeated == true { outOfOrder += 1 }
        slots.append(slot)
    }

    /// The command that the next reply answers.
    mutating func removeFirst() -> Slot? {
        guard let slot = slots.popFirst() else { return nil }
        if expiredAtHead > 0 { expiredAtHead -= 1 }
        if slot.command?.isRepeated == true { outOfOrder -= 1 }
        return slot
    }

    mutating func removeAll() -> CircularBuffer<Slot> {
        let all = slots
        slots = CircularBuffer(initialCapacity: 64)
        expiredAtHead = 0
        outOfOrder = 0
        return all
    }

    /// Takes the completions of all commands whose deadline has passed.
    mutating func expire(nowMicroseconds now: Int) -> [RedisConnection.Completion] {
        var expired: [RedisConnection.Completion] = []
        var isHead = true
        for offset in expiredAtHead..<slots.count {
            let index = slots.index(slots.startIndex, offsetBy: offset)
            guard slots[index].deadlineMicroseconds <= now else {
                if outOfOrder == 0 { break }
                isHead = false
                continue
            }
            if let completion = slots[index].completion {
                expired.append(completion)
                slots[index].completion = nil
            }
            if isHead { expiredAtHead = offset + 1 }
        }
        return expired
    }

    /// Keeps the bytes of what may be repeated among the newest `count` commands, which were just sent as `sent`.
    mutating func keepCommands(newest count: Int, sent: ByteBuffer) {
        for offset in max(0, slots.count - count)..<slots.count {
            let index = slots.index(slots.startIndex, offsetBy: offset)
            guard let range = slots[index].command?.range, slots[index].command?.bytes == nil else { continue }
            slots[index].command?.bytes = sent.getSlice(at: range.lowerBound, length: range.count)
        }
    }
}
