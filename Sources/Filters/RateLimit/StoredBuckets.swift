import Policies

/// What the in-memory store knows of one policy and subject: a bucket for each window, as they were last written.
struct StoredBuckets {
    /// Windows that a policy has lost by an edit are kept for its return, as the hash in Redis keeps their fields; but
    /// not more than these in all.
    static let maximumWindows = 16

    /// The policy by which they were written; its windows are those of the first levels.
    private(set) var policy: LimitPolicy
    private(set) var levels: [WindowLevel]
    private var lost: [(window: RateWindow, level: WindowLevel)] = []
    /// When all windows of the policy will be full, and nothing is lost by forgetting them.
    private(set) var fullAt: Int
    /// Requests that hold a place, by their number; beyond time they are forgotten with the process.
    var places: Set<Int> = []

    /// - Parameter members: those of the policy's windows, in their order.
    init(_ policy: LimitPolicy, _ members: ArraySlice<BucketSet.Member>, before: StoredBuckets?, now: Int) {
        self.policy = policy
        levels = members.map(\.level)
        fullAt = Self.fullAt(members, now)
        guard let before else { return }
        places = before.places
        let names = policy.windows.map(\.name)
        let known = Array(zip(before.policy.windows, before.levels)) + before.lost
        for (window, level) in known where !names.contains(window.name) {
            if levels.count + lost.count < Self.maximumWindows { lost.append((window, level)) }
        }
    }

    /// Writes the levels again, by the policy they were written by before.
    mutating func update(_ members: ArraySlice<BucketSet.Member>, now: Int) {
        for (index, member) in members.enumerated() { levels[index] = member.level }
        fullAt = Self.fullAt(members, now)
    }

    /// The level of a window, as it goes into a decision: by today's policy, and nil if there is none.
    ///
    /// A window is known by its name, as its fields in Redis are. `isEdited` if its rate or capacity was another one.
    func level(_ index: Int, of policy: LimitPolicy) -> (level: WindowLevel, isEdited: Bool)? {
        if policy === self.policy { return (levels[index], false) }
        let window = policy.windows[index]
        guard let (old, level) = known(window) else { return nil }
        return old == window ? (level, false) : (level.rescaled(from: old, to: window), true)
    }

    /// Whether nothing is lost by forgetting it.
    func isForgettable(_ now: Int) -> Bool { fullAt <= now && places.isEmpty }

    private func known(_ window: RateWindow) -> (RateWindow, WindowLevel)? {
        if let index = policy.windows.firstIndex(where: { $0.name == window.name }) {
            return (policy.windows[index], levels[index])
        }
        return lost.first { $0.window.name == window.name }
    }

    private static func fullAt(_ members: ArraySlice<BucketSet.Member>, _ now: Int) -> Int {
        members.reduce(0) { max($0, $1.level.fullAt($1.window, now: now)) }
    }
}
