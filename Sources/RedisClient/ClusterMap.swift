/// Which master of a cluster has which slots, as far as it is known.
struct ClusterMap {
    private(set) var masters: [RedisAddress] = []
    /// For each slot the index of its master; -1: none.
    private var owners = [Int16](repeating: -1, count: RedisSlot.count)
    /// Where else the cluster can be asked, should the masters be gone.
    private(set) var replicas: [RedisAddress] = []

    /// More than a cluster can have (its specification recommends 1,000 at most), so that a reply can't fill the memory.
    static let mostMasters = 4_096

    /// A map that tells nothing.
    init() {}

    /// Reads the answer to `CLUSTER SLOTS`: for each range its bounds, its master, and its replicas. Nil: it is none.
    /// - Parameter asked: the node that answered, which leaves out its own host if it does not know it.
    init?(_ reply: RedisValue, from asked: RedisAddress) {
        guard case .array(let ranges) = reply else { return nil }
        for range in ranges {
            let parts = range.elements
            guard parts.count >= 3, let first = parts[0].integer, let last = parts[1].integer, first >= 0,
                first <= last, last < RedisSlot.count, let master = Self.address(parts[2], from: asked)
            else { return nil }
            guard let index = index(of: master) else { return nil }
            for slot in first...last { owners[slot] = index }
            guard replicas.count < Self.mostMasters else { continue }
            replicas += parts[3...].compactMap { Self.address($0, from: asked) }
        }
    }

    /// Whether every slot has a master.
    var isComplete: Bool { !owners.contains(-1) }

    /// The index in `masters` of the slot's owner.
    func owner(of slot: RedisSlot) -> Int? {
        let index = owners[Int(slot.number)]
        return index < 0 ? nil : Int(index)
    }

    /// Notes what a redirection told.
    mutating func move(_ slot: RedisSlot, to master: RedisAddress) {
        if let index = index(of: master) { owners[Int(slot.number)] = index }
    }

    private mutating func index(of master: RedisAddress) -> Int16? {
        if let known = masters.firstIndex(of: master) { return Int16(known) }
        guard masters.count < Self.mostMasters else { return nil }
        masters.append(master)
        return Int16(masters.count - 1)
    }

    private static func address(_ node: RedisValue, from asked: RedisAddress) -> RedisAddress? {
        let parts = node.elements
        guard parts.count >= 2, let port = parts[1].integer, (1...65_535).contains(port) else { return nil }
        let host = parts[0].text ?? ""
        // "?" is what a node calls itself that has no host name but is told to prefer one.
        return RedisAddress(host: host.isEmpty || host == "?" ? asked.host : host, port: port)
    }
}
