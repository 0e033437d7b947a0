import HTTPWire
import Policies

/// The cells of one worker, by policy and subject; bounded.
///
/// A key is the policy's name and the subject, so a policy that was made anew by a reload finds its cells again: they
/// stand for the same buckets. A table of its own, because a look-up in a Dictionary needs a key that owns its bytes.
/// Hashes are seeded (subjects come from clients). When it is full, a hand goes round and drops a cell without a lease.
final class LeasingTable {
    private var chains: [LeasingCell?]
    private var cells: [LeasingCell] = []
    private var hand = 0
    private let capacity: Int
    private let key = ByteBuilder(capacity: 256)
    private let subjectKey = SubjectKey()
    /// Of the key that was looked for last.
    private var lastHash = 0
    /// A cell that was dropped, for the next one.
    private var spare: LeasingCell?

    /// Cells that are looked at to make room for one.
    private static let candidates = 16
    /// A longer subject is known by its digest, as in the key of its bucket.
    private static let longestSubject = SubjectKey.longest

    /// - Parameter capacity: how many cells are kept.
    init(capacity: Int) {
        self.capacity = max(1, capacity)
        chains = Array(repeating: nil, count: 64)
    }

    var count: Int { cells.count }

    /// The cell of a key, made if there is none; nil when there is no room.
    func cell(_ policy: LimitPolicy, _ subject: Bytes) -> LeasingCell? {
        find(policy, subject) ?? insert(policy, subject, lastHash)
    }

    /// The cell of a key if there is one.
    func find(_ policy: LimitPolicy, _ subject: Bytes) -> LeasingCell? {
        write(policy, subject)
        let hash = Self.hash(key.bytes)
        lastHash = hash
        var next = chains[hash & (chains.count - 1)]
        while let cell = next {
            if cell.hash == hash, isKey(of: cell) {
                if cell.policy !== policy { cell.adopt(policy) }
                return cell
            }
            next = cell.nextInChain
        }
        return nil
    }

    private func write(_ policy: LimitPolicy, _ subject: Bytes) {
        key.removeAll()
        key.append(policy.keyStart)
        // Told apart by a byte, or a client could choose a short subject that reads like another one's digest.
        let isLong = subject.count > Self.longestSubject
        key.append(isLong ? 1 : 0)
        if isLong { subjectKey.append(subject, to: key) } else { key.append(subject) }
    }

    private func isKey(of cell: LeasingCell) -> Bool {
        let bytes = key.bytes
        return cell.key.count == bytes.count && cell.key.withUnsafeBufferPointer { $0.elementsEqual(bytes) }
    }

    private static func hash(_ bytes: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
        return hasher.finalize()
    }

    func forgetRefusals() {
        for cell in cells { cell.lease.forgetRefusal() }
    }

    // MARK: Growing and shrinking

    private func insert(_ policy: LimitPolicy, _ subject: Bytes, _ hash: Int) -> LeasingCell? {
        // A subject is kept whole for questions that no request asks; too long a one would cost too much memory.
        guard subject.count <= 16 * Self.longestSubject else { return nil }
        if cells.count >= capacity, !dropOne() { return nil }
        let cell = spare ?? LeasingCell(policy)
        spare = nil
        cell.reset(policy)
        cell.key.append(contentsOf: key.bytes)
        cell.subject.append(contentsOf: subject)
        cell.hash = hash
        cell.place = cells.count
        cells.append(cell)
        if cells.count > chains.count { grow() } else { link(cell) }
        return cell
    }

    private func link(_ cell: LeasingCell) {
        let chain = cell.hash & (chains.count - 1)
        cell.nextInChain = chains[chain]
        chains[chain] = cell
    }

    private func grow() {
        chains = Array(repeating: nil, count: chains.count * 2)
        for cell in cells { link(cell) }
    }

    private func dropOne() -> Bool {
        for _ in 0..<min(Self.candidates, cells.count) {
            hand = (hand + 1) % cells.count
            guard cells[hand].isForgettable else { continue }
            remove(cells[hand])
            return true
        }
        return false
    }

    private func remove(_ cell: LeasingCell) {
        let chain = cell.hash & (chains.count - 1)
        if chains[chain] === cell {
            chains[chain] = cell.nextInChain
        } else {
            var before = chains[chain]
            while let next = before?.nextInChain, next !== cell { before = next }
            before?.nextInChain = cell.nextInChain
        }
        cell.nextInChain = nil
        let last = cells.removeLast()
        if last !== cell {
            cells[cell.place] = last
            last.place = cell.place
        }
        spare = cell
    }
}
