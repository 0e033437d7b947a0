import HTTPWire

/// What a worker admitted while it could not ask the shared store, by policy and subject: to be charged there when it is
/// back (STATE.md, promise 4). Bounded; what does not fit is forgiven.
struct LimitDebts {
    struct Key: Hashable {
        fileprivate let policy: String
        let subject: [UInt8]
    }

    struct Debt {
        let policy: LimitPolicy
        var amount = 0
    }

    private var debts: [Key: Debt] = [:]
    static let most = 65_536
    /// Longer subjects are not worth their memory.
    private static let longestSubject = 2048

    var isEmpty: Bool { debts.isEmpty }
    var count: Int { debts.count }

    /// Begins an account, with nothing on it.
    ///
    /// - Returns: whether it is a new one: this outage has not met the subject before.
    mutating func open(_ policy: LimitPolicy, _ subject: Bytes) -> Bool {
        let key = Key(policy: policy.name, subject: Array(subject))
        if debts[key] != nil { return false }
        if debts.count < Self.most, subject.count <= Self.longestSubject { debts[key] = Debt(policy: policy) }
        return true
    }

    mutating func add(_ amount: Int, _ policy: LimitPolicy, _ subject: Bytes) {
        debts[Key(policy: policy.name, subject: Array(subject))]?.amount += amount
    }

    /// Closes an account.
    mutating func remove(_ policy: LimitPolicy, _ subject: Bytes) -> Debt? {
        debts.removeValue(forKey: Key(policy: policy.name, subject: Array(subject)))
    }

    /// Closes any account.
    mutating func removeAny() -> (key: Key, debt: Debt)? {
        guard let first = debts.first else { return nil }
        debts.removeValue(forKey: first.key)
        return (first.key, first.value)
    }
}
