/// Finds the roots of the path trees that a host may use, the most specific first.
///
/// Host names are hashed from their last byte to their first: one pass then yields the hash of every suffix on its way, so
/// `*.example.com` is found with one look-up per label, and the whole name with one more. Each entry knows the next less
/// specific one, down to the routes of any host: only the first has to be looked for.
struct HostIndex: Sendable {
    /// The routes of one host pattern.
    private struct Entry {
        let text: ByteArena.Piece
        let root: Int32
        /// The entry to try next; −1: none.
        var next: Int32
    }

    private struct Slot {
        var hash: UInt64 = 0
        /// −1: free.
        var entry: Int32 = -1
    }

    private var arena = ByteArena()
    private var entries: [Entry] = []
    private var exact: [Slot] = []
    private var wildcards: [Slot] = []
    private var anyHost: Int32 = -1

    /// `roots` has the root for each host pattern, "" standing for any host; patterns in lower case.
    init(roots: [String: Int32]) {
        let patterns = roots.keys.sorted()
        let suffixes = patterns.filter { $0.hasPrefix("*.") }
        exact = Self.slots(for: patterns.count { !$0.isEmpty && !$0.hasPrefix("*.") })
        wildcards = Self.slots(for: suffixes.count)
        if let root = roots[""] { anyHost = addEntry("", root) }
        // Shorter suffixes first, so that each finds the next shorter one that covers it.
        for pattern in suffixes.sorted(by: { $0.utf8.count < $1.utf8.count }) {
            let suffix = String(pattern.dropFirst(2))
            let index = addEntry(suffix, roots[pattern] ?? 0)
            entries[Int(index)].next = wildcard(covering: suffix)
            Self.insert(index, suffix, into: &wildcards)
        }
        for pattern in patterns where !pattern.isEmpty && !pattern.hasPrefix("*.") {
            let index = addEntry(pattern, roots[pattern] ?? 0)
            entries[Int(index)].next = wildcard(covering: pattern)
            Self.insert(index, pattern, into: &exact)
        }
    }

    /// The most specific entry for the `Host` of a request, which may carry a port and a final dot; −1: none.
    func first(for host: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard !exact.isEmpty || !wildcards.isEmpty else { return anyHost }
        return find(host, 0..<Self.nameLength(host))
    }

    func root(of entry: Int32) -> Int32 { entries[Int(entry)].root }
    func next(after entry: Int32) -> Int32 { entries[Int(entry)].next }

    private func find(_ host: UnsafeBufferPointer<UInt8>, _ name: Range<Int>) -> Int32 {
        let (hash, best) = suffixPass(host, name)
        guard !exact.isEmpty else { return best }
        let entry = lookUp(hash, host, name, in: exact)
        return entry >= 0 ? entry : best
    }

    /// The hash of the whole name, and the longest wildcard that covers it, or else the entry of any host.
    private func suffixPass(
        _ host: UnsafeBufferPointer<UInt8>, _ name: Range<Int>
    ) -> (hash: UInt64, best: Int32) {
        var hash = Self.seed
        var best = anyHost
        for index in name.reversed() {
            // One or more leading labels: there is something before the dot.
            if host[index] == UInt8(ascii: "."), index > 0, !wildcards.isEmpty {
                let entry = lookUp(hash, host, index + 1..<name.upperBound, in: wildcards)
                if entry >= 0 { best = entry }
            }
            hash = Self.extend(hash, lowerCased(host[index]))
        }
        return (hash, best)
    }

    private func lookUp(
        _ hash: UInt64, _ host: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, in slots: [Slot]
    ) -> Int32 {
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place].entry >= 0 {
            let entry = slots[place].entry
            if slots[place].hash == hash, arena.equalsIgnoringCase(entries[Int(entry)].text, host, range) {
                return entry
            }
            place = (place + 1) & (slots.count - 1)
        }
        return -1
    }

    private func wildcard(covering name: String) -> Int32 {
        var name = name
        return name.withUTF8 { suffixPass($0, 0..<$0.count).best }
    }

    private mutating func addEntry(_ text: String, _ root: Int32) -> Int32 {
        entries.append(Entry(text: arena.add(text), root: root, next: -1))
        return Int32(entries.count - 1)
    }

    private static let seed: UInt64 = 0xCBF2_9CE4_8422_2325

    @inline(__always)
    private static func extend(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
        let product = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        return product ^ product >> 29
    }

    private static func slots(for count: Int) -> [Slot] {
        guard count > 0 else { return [] }
        var size = 8
        while size < count * 3 { size *= 2 }
        return [Slot](repeating: Slot(), count: size)
    }

    private static func insert(_ entry: Int32, _ text: String, into slots: inout [Slot]) {
        let hash = text.utf8.reversed().reduce(seed) { extend($0, $1) }
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place].entry >= 0 { place = (place + 1) & (slots.count - 1) }
        slots[place] = Slot(hash: hash, entry: entry)
    }

    /// Without port and final dot; `[::1]:8080` keeps its brackets.
    private static func nameLength(_ host: UnsafeBufferPointer<UInt8>) -> Int {
        if host.first == UInt8(ascii: "[") { return (host.firstIndex(of: UInt8(ascii: "]")) ?? host.count - 1) + 1 }
        let end = host.lastIndex(of: UInt8(ascii: ":")) ?? host.count
        return end > 0 && host[end - 1] == UInt8(ascii: ".") ? end - 1 : end
    }
}
