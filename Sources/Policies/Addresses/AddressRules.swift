/// From where requests are let in.
package struct AddressRules: Hashable, Sendable {
    /// Empty: from everywhere that is not denied.
    package var allowed: [NetworkRange]
    /// Counts before `allowed`.
    package var denied: [NetworkRange]

    package init(allowed: [NetworkRange] = [], denied: [NetworkRange] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    /// - Parameter address: nil: the client has none, such as one on a local socket.
    package func admit(_ address: IPAddress?) -> Bool {
        guard let address else { return allowed.isEmpty }
        if denied.contains(where: { $0.contains(address) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(address) }
    }
}
