/// A regular expression over bytes that takes linear time and a fixed amount of memory, whatever it is matched against.
///
/// Conditions are evaluated on values that anyone on the internet may send, on an event loop that serves everyone else.
/// A backtracking engine (the standard library's, PCRE) can be made to run for minutes by a value of thirty bytes when the
/// expression has nested repetition; this one cannot, because it never tries one alternative after the other.
///
/// It is the position automaton of Glushkov: each character of the expression is one position, `follow` says which
/// positions may come after it, and matching keeps the set of positions that the last byte could be at, as bits. One
/// step is `next = (first ∪ follow of the current set) ∩ positions that accept the byte`. As `first` joins in at every step
/// the expression may match anywhere in the value unless it says `^` or `$`. These two are positions as well, which
/// accept a symbol that is put before and after the value.
///
/// What it understands: literals, `.`, `[a-z]`, `[^…]`, `\d \w \s \D \W \S`, `\` before punctuation, `( )`, `(?: )`, `|`, `* + ?`,
/// `{n} {n,} {n,m}`, `^`, `$`, and `(?i)` at the very beginning. Characters beyond ASCII are compared as their UTF-8 bytes.
package struct TextPattern: Hashable, Sendable {
    /// Why a text is no expression: the end of a sentence for the user.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    /// An expression has at most so many positions, repetitions multiplied out.
    static let mostPositions = 64 * wordLimit
    private static let wordLimit = 8
    private typealias Positions = InlineArray<8, UInt64>

    /// The symbols that stand before and after the value; bytes are the symbols 0 to 255.
    enum Symbol {
        static let start = 256
        static let end = 257
        static let count = 258
    }

    package let text: String
    private let words: Int
    private let matchesNothing: Bool
    private let first: [UInt64]
    private let last: [UInt64]
    /// `words` words for each position.
    private let follow: [UInt64]
    /// `words` words for each symbol: the positions that accept it.
    private let accepting: [UInt64]

    package init(_ text: String) throws(Malformed) {
        var parser = TextPatternParser(text)
        let syntax = try parser.parse()
        var compiler = TextPatternCompiler(ignoresCase: parser.ignoresCase)
        let whole = try compiler.compile(syntax)
        self.text = text
        words = max(1, (compiler.accepted.count + 63) / 64)
        matchesNothing = whole.isNullable
        first = Self.bits(whole.first, words)
        last = Self.bits(whole.last, words)
        follow = compiler.follow.flatMap { [words] in Self.bits($0, words) }
        accepting = (0..<Symbol.count).flatMap { [words] symbol in
            let positions = compiler.accepted.indices.filter { compiler.accepted[$0].contains(symbol) }
            return Self.bits(Set(positions), words)
        }
    }

    package static func == (left: TextPattern, right: TextPattern) -> Bool { left.text == right.text }
    package func hash(into hasher: inout Hasher) { hasher.combine(text) }

    /// Whether the expression matches somewhere in the value.
    func matches(_ value: FieldBytes) -> Bool {
        if matchesNothing { return true }
        var active = Positions(repeating: 0)
        if step(&active, Symbol.start) { return true }
        var bytes = value
        while let byte = bytes.next() {
            if step(&active, Int(byte)) { return true }
        }
        return step(&active, Symbol.end)
    }

    /// Moves on by one symbol; true as soon as a match is complete.
    private func step(_ active: inout Positions, _ symbol: Int) -> Bool {
        var next = Positions(repeating: 0)
        for word in 0..<words { next[word] = first[word] }
        for word in 0..<words {
            var remaining = active[word]
            while remaining != 0 {
                let position = word * 64 + remaining.trailingZeroBitCount
                remaining &= remaining - 1
                for target in 0..<words { next[target] |= follow[position * words + target] }
            }
        }
        var complete: UInt64 = 0
        for word in 0..<words {
            next[word] &= accepting[symbol * words + word]
            complete |= next[word] & last[word]
        }
        active = next
        return complete != 0
    }

    private static func bits(_ positions: Set<Int>, _ words: Int) -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: words)
        for position in positions { bits[position / 64] |= 1 << UInt64(position % 64) }
        return bits
    }
}
