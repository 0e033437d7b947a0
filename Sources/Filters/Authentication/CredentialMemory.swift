import Credentials

/// What was found out about credentials, for a while: by their digest, so that the credentials themselves are nowhere kept.
///
/// Bounded: when it is full, the oldest entries go. Of one worker.
final class CredentialMemory<Value> {
    private struct Entry {
        let value: Value
        /// Of the clock that the caller goes by.
        let end: Int
        let serial: Int
    }

    private let capacity: Int
    private var entries: [Digest: Entry] = [:]
    /// In the order of their coming; those that were replaced since are told by their serial number.
    private var order: [(digest: Digest, serial: Int)] = []
    private var oldest = 0
    private var serial = 0

    init(capacity: Int = 4096) { self.capacity = capacity }

    var count: Int { entries.count }

    func value(of digest: Digest, now: Int) -> Value? {
        guard let entry = entries[digest] else { return nil }
        guard now < entry.end else {
            entries[digest] = nil
            return nil
        }
        return entry.value
    }

    func remember(_ value: Value, of digest: Digest, until end: Int) {
        serial += 1
        entries[digest] = Entry(value: value, end: end, serial: serial)
        order.append((digest, serial))
        while order.count - oldest > capacity { forgetOldest() }
        // The part that is gone is cut off now and then, which costs each entry one move.
        if oldest > capacity {
            order.removeFirst(oldest)
            oldest = 0
        }
    }

    private func forgetOldest() {
        let (digest, serial) = order[oldest]
        oldest += 1
        if entries[digest]?.serial == serial { entries[digest] = nil }
    }
}
