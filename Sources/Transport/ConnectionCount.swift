import Synchronization

/// Client connections of the whole node against `limits.connections` and `limits.connections_per_address`.
package final class ConnectionCount: Sendable {
    private let open = Atomic<Int>(0)
    private let maximum: Atomic<Int>
    private let maximumPerAddress: Atomic<Int>
    /// Taken once for each connection, and not for its requests.
    private let addresses = Mutex<[String: Int]>([:])

    package init(maximum: Int, perAddress: Int = .max) {
        self.maximum = Atomic(maximum)
        maximumPerAddress = Atomic(perAddress)
    }

    package func setMaximum(_ value: Int, perAddress: Int = .max) {
        maximum.store(value, ordering: .relaxed)
        maximumPerAddress.store(perAddress, ordering: .relaxed)
    }

    package var current: Int { open.load(ordering: .relaxed) }

    /// Counts one more; false if that is one too many (it counts all the same, until `leave`).
    /// - Parameter address: the client's; nil while it is not known.
    func enter(_ address: String?) -> Bool {
        let isWithin = open.add(1, ordering: .relaxed).newValue <= maximum.load(ordering: .relaxed)
        guard let address else { return isWithin }
        return enterAddress(address) && isWithin
    }

    func leave(_ address: String?) {
        open.subtract(1, ordering: .relaxed)
        if let address { leaveAddress(address) }
    }

    /// For a connection that counts already, and whose client is known now.
    func enterAddress(_ address: String) -> Bool {
        let count = addresses.withLock { counts in
            counts[address, default: 0] += 1
            return counts[address, default: 0]
        }
        return count <= maximumPerAddress.load(ordering: .relaxed)
    }

    func leaveAddress(_ address: String) {
        addresses.withLock { counts in
            guard let count = counts[address] else { return }
            counts[address] = count > 1 ? count - 1 : nil
        }
    }
}
