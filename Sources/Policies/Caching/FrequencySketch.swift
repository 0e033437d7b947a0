/// How often keys were asked for lately: a count-min sketch of 4-bit counters that are halved now and then (TinyLFU, Einziger
/// and others, 2017). It decides which of two keys deserves a place, in 8 bytes a key.
package struct FrequencySketch: Sendable {
    /// Sixteen counters a word.
    private var words: [UInt64]
    private let mask: UInt64
    private var additions = 0
    private let agingPeriod: Int

    /// - Parameter capacity: keys that are told apart well; rounded up to a power of two.
    package init(capacity: Int) {
        var size = 16
        while size < capacity, size < 1 << 24 { size *= 2 }
        words = Array(repeating: 0, count: size)
        mask = UInt64(size - 1)
        agingPeriod = size * 10
    }

    package mutating func record(_ hash: UInt64) {
        var isNew = false
        for row in 0..<4 {
            let (word, shift) = place(hash, row)
            if words[word] >> shift & 15 < 15 {
                words[word] &+= 1 << shift
                isNew = true
            }
        }
        guard isNew else { return }
        additions += 1
        if additions >= agingPeriod { age() }
    }

    /// At least how often the key was recorded, at most 15.
    package func estimate(_ hash: UInt64) -> Int {
        var least: UInt64 = 15
        for row in 0..<4 {
            let (word, shift) = place(hash, row)
            least = min(least, words[word] >> shift & 15)
        }
        return Int(least)
    }

    private func place(_ hash: UInt64, _ row: Int) -> (word: Int, shift: UInt64) {
        let mixed = StableHash.mix(hash &+ UInt64(row) &* 0x9E37_79B9_7F4A_7C15)
        return (Int(mixed & mask), (mixed >> 58 & 3 &+ UInt64(row) &* 4) &* 4)
    }

    /// What was popular long ago gives way.
    private mutating func age() {
        for index in words.indices { words[index] = words[index] >> 1 & 0x7777_7777_7777_7777 }
        additions /= 2
    }
}
