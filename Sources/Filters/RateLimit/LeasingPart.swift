import Policies

/// How one entry of a request is decided.
struct LeasingPart {
    enum Role {
        /// By the lease, at once.
        case paid
        /// By the store, together with a step of the lease.
        case asked
        /// By the store; the lease is none of its business.
        case charged
        /// Not at all: a shadow policy whose refusal is known counts nothing and refuses nobody.
        case skipped(wait: Int)
    }

    /// Nil if nothing is remembered of the key: no room, or a policy that is not leased.
    let cell: LeasingCell?
    let cost: Int
    let windows: Int
    var role: Role
    /// Of the lease when tokens were reserved.
    var epoch = 0
    /// What its question wanted beyond the cost.
    var want = 0

    /// Whether the store is asked about it.
    var isInquired: Bool {
        switch role {
        case .asked, .charged: true
        case .paid, .skipped: false
        }
    }
}
