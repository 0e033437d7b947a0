import HTTPWire
import Policies

/// A part of the near cache, under one lock: entries by key within a bound of bytes, by W-TinyLFU.
///
/// New keys enter a small window (1%). What the window lets go of competes with the least recently used key on probation,
/// and whoever was asked for more often lately stays. A key on probation that is asked for again is protected (up to 80%).
struct NearShard: ~Copyable {
    private enum Segment { case window, probation, protected }

    private struct Node {
        var entry: NearEntry
        var hash: UInt64
        var cost: Int
        var segment: Segment
        var previous = -1
        var next = -1
    }

    /// A doubly linked list through `nodes`: most recently used first.
    private struct List {
        var first = -1
        var last = -1
        var bytes = 0
    }

    private let capacity: Int
    private let windowCapacity: Int
    private let protectedCapacity: Int
    private var places: [UInt64: Int] = [:]
    private var nodes: [Node?] = []
    private var unused: [Int] = []
    private var window = List()
    private var probation = List()
    private var protected = List()
    private var sketch: FrequencySketch
    private var evictions = 0

    /// - Parameter capacity: bytes.
    init(capacity: Int) {
        self.capacity = capacity
        windowCapacity = max(capacity / 100, 64 << 10)
        protectedCapacity = capacity / 10 * 8
        sketch = FrequencySketch(capacity: max(capacity / 4096, 1024))
    }

    var counters: NearCounters {
        var counters = NearCounters()
        counters.entries = places.count
        counters.bytes = window.bytes + probation.bytes + protected.bytes
        counters.evictions = evictions
        return counters
    }

    mutating func look(_ key: Bytes, _ hash: UInt64) -> NearEntry? {
        sketch.record(hash)
        guard let index = place(key, hash) else { return nil }
        touch(index)
        return nodes[index]?.entry
    }

    /// Without counting as use.
    func peek(_ key: Bytes, _ hash: UInt64) -> NearEntry? { place(key, hash).flatMap { nodes[$0]?.entry } }

    /// Puts what `change` makes of the key's entry in its place.
    mutating func replace(_ key: [UInt8], _ hash: UInt64, _ change: (NearEntry?) -> NearEntry?) {
        let index = key.withUnsafeBufferPointer { place($0, hash) }
        let next = change(index.flatMap { nodes[$0]?.entry })
        guard let next, next.cost <= capacity / 2 else {
            if let index { remove(index) }
            return
        }
        if let index {
            let segment = nodes[index]?.segment ?? .window
            unlink(index)
            nodes[index]?.entry = next
            nodes[index]?.cost = next.cost
            link(index, segment)
        } else {
            // Another key of the same hash gives way: too rare to be worth a chain.
            if let other = places[hash] { remove(other) }
            insert(next, hash)
        }
        makeRoom()
    }

    mutating func removeSlots(where shouldRemove: (NearSlot) -> Bool) {
        for index in nodes.indices {
            guard let node = nodes[index] else { continue }
            let kept = node.entry.slots.filter { !shouldRemove($0) }
            guard kept.count != node.entry.slots.count else { continue }
            guard !kept.isEmpty else {
                remove(index)
                continue
            }
            let old = node.entry
            let entry = NearEntry(key: old.key, vary: old.vary, slots: kept, passUntil: old.passUntil)
            let segment = node.segment
            unlink(index)
            nodes[index]?.entry = entry
            nodes[index]?.cost = entry.cost
            link(index, segment)
        }
    }

    mutating func purge(isSoft: Bool, keys isMeant: (Bytes) -> Bool) {
        for index in nodes.indices {
            guard let entry = nodes[index]?.entry, entry.key.withUnsafeBufferPointer(isMeant) else { continue }
            if isSoft { entry.slots.forEach { $0.soften() } } else { remove(index) }
        }
    }

    func forEachSlot(_ body: (NearSlot) -> Void) {
        for node in nodes { node?.entry.slots.forEach(body) }
    }

    mutating func removeAll() {
        places.removeAll()
        nodes.removeAll()
        unused.removeAll()
        (window, probation, protected) = (List(), List(), List())
    }

    // MARK: Who stays

    private mutating func touch(_ index: Int) {
        guard let segment = nodes[index]?.segment else { return }
        if index == self[segment].first { return }
        unlink(index)
        link(index, segment == .window ? .window : .protected)
        while protected.bytes > protectedCapacity, protected.last >= 0, protected.last != protected.first {
            let demoted = protected.last
            unlink(demoted)
            link(demoted, .probation)
        }
    }

    private mutating func makeRoom() {
        while window.bytes > windowCapacity, window.last >= 0 {
            let candidate = window.last
            unlink(candidate)
            link(candidate, .probation)
            admit(candidate)
        }
        while window.bytes + probation.bytes + protected.bytes > capacity { evictLast() }
    }

    /// Lets the candidate stay only if it is asked for more often than what would have to go for it.
    private mutating func admit(_ candidate: Int) {
        let frequency = nodes[candidate].map { sketch.estimate($0.hash) } ?? 0
        while window.bytes + probation.bytes + protected.bytes > capacity {
            var victim = probation.last
            if victim == candidate { victim = nodes[victim]?.previous ?? -1 }
            if victim < 0 { victim = protected.last }
            guard victim >= 0, let node = nodes[victim] else { return evict(candidate) }
            guard frequency > sketch.estimate(node.hash) else { return evict(candidate) }
            evict(victim)
        }
    }

    private mutating func evictLast() {
        for last in [probation.last, window.last, protected.last] where last >= 0 { return evict(last) }
    }

    private mutating func evict(_ index: Int) {
        evictions += 1
        remove(index)
    }

    // MARK: Places

    private func place(_ key: Bytes, _ hash: UInt64) -> Int? {
        guard let index = places[hash], let node = nodes[index], node.entry.key.elementsEqual(key) else { return nil }
        return index
    }

    private mutating func insert(_ entry: NearEntry, _ hash: UInt64) {
        let node = Node(entry: entry, hash: hash, cost: entry.cost, segment: .window)
        let index: Int
        if let free = unused.popLast() {
            index = free
            nodes[index] = node
        } else {
            index = nodes.count
            nodes.append(node)
        }
        places[hash] = index
        link(index, .window)
    }

    private mutating func remove(_ index: Int) {
        guard let node = nodes[index] else { return }
        unlink(index)
        places[node.hash] = nil
        nodes[index] = nil
        unused.append(index)
    }

    private subscript(segment: Segment) -> List {
        get {
            switch segment {
            case .window: window
            case .probation: probation
            case .protected: protected
            }
        }
        set {
            switch segment {
            case .window: window = newValue
            case .probation: probation = newValue
            case .protected: protected = newValue
            }
        }
    }

    private mutating func link(_ index: Int, _ segment: Segment) {
        let first = self[segment].first
        nodes[index]?.segment = segment
        nodes[index]?.previous = -1
        nodes[index]?.next = first
        if first >= 0 { nodes[first]?.previous = index } else { self[segment].last = index }
        self[segment].first = index
        self[segment].bytes += nodes[index]?.cost ?? 0
    }

    private mutating func unlink(_ index: Int) {
        guard let node = nodes[index] else { return }
        if node.previous >= 0 { nodes[node.previous]?.next = node.next } else { self[node.segment].first = node.next }
        if node.next >= 0 {
            nodes[node.next]?.previous = node.previous
        } else {
            self[node.segment].last = node.previous
        }
        self[node.segment].bytes -= node.cost
    }
}
