/// What an expression says, as a tree.
indirect enum TextPatternSyntax {
    case empty
    /// One symbol of a set.
    case symbol(SymbolSet)
    case sequence([TextPatternSyntax])
    case choice([TextPatternSyntax])
    /// `most` nil: without end.
    case repetition(TextPatternSyntax, least: Int, most: Int?)
}

/// A set of bytes and of the two symbols that stand before and after the value.
struct SymbolSet {
    private var words = [UInt64](repeating: 0, count: 5)

    init(_ symbols: some Sequence<Int> = []) {
        for symbol in symbols { insert(symbol) }
    }

    mutating func insert(_ symbol: Int) { words[symbol / 64] |= 1 << UInt64(symbol % 64) }

    mutating func formUnion(_ other: SymbolSet) {
        for word in words.indices { words[word] |= other.words[word] }
    }

    func contains(_ symbol: Int) -> Bool { words[symbol / 64] >> UInt64(symbol % 64) & 1 == 1 }

    /// The bytes that are not in the set.
    var inverted: SymbolSet { SymbolSet((0..<256).filter { !contains($0) }) }

    /// With each ASCII letter also its other case.
    var ignoringCase: SymbolSet {
        var set = self
        for lower in 0x61...0x7A where contains(lower) || contains(lower - 0x20) {
            set.insert(lower)
            set.insert(lower - 0x20)
        }
        return set
    }
}

/// Turns the tree of an expression into the sets of its position automaton (see `TextPattern`).
struct TextPatternCompiler {
    /// A part of the expression: where a match of it can begin and end.
    struct Part {
        var isNullable: Bool
        var first: Set<Int> = []
        var last: Set<Int> = []
    }

    let ignoresCase: Bool
    /// For each position the symbols it accepts.
    private(set) var accepted: [SymbolSet] = []
    private(set) var follow: [Set<Int>] = []
    /// Nested repetitions multiply; nothing that stays within the limit of positions needs more steps than this.
    private var stepsLeft = 20_000

    init(ignoresCase: Bool) { self.ignoresCase = ignoresCase }

    mutating func compile(_ syntax: TextPatternSyntax) throws(TextPattern.Malformed) -> Part {
        stepsLeft -= 1
        guard stepsLeft > 0, accepted.count < TextPattern.mostPositions else {
            throw TextPattern.Malformed(
                reason:
                    "it is too large; repetitions multiplied out it may have \(TextPattern.mostPositions) characters")
        }
        switch syntax {
        case .empty: return Part(isNullable: true)
        case .symbol(let set): return position(set)
        case .sequence(let parts):
            var whole = Part(isNullable: true)
            for part in parts { whole = join(whole, try compile(part)) }
            return whole
        case .choice(let parts):
            var whole = Part(isNullable: false)
            for part in parts {
                let next = try compile(part)
                whole.isNullable = whole.isNullable || next.isNullable
                whole.first.formUnion(next.first)
                whole.last.formUnion(next.last)
            }
            return whole
        case .repetition(let part, let least, let most):
            return try repetition(part, least, most)
        }
    }

    private mutating func position(_ set: SymbolSet) -> Part {
        accepted.append(ignoresCase ? set.ignoringCase : set)
        follow.append([])
        return Part(isNullable: false, first: [accepted.count - 1], last: [accepted.count - 1])
    }

    private mutating func join(_ left: Part, _ right: Part) -> Part {
        for position in left.last { follow[position].formUnion(right.first) }
        return Part(
            isNullable: left.isNullable && right.isNullable,
            first: left.isNullable ? left.first.union(right.first) : left.first,
            last: right.isNullable ? right.last.union(left.last) : right.last)
    }

    /// `x{2,4}` is compiled as `xxx?x?`, `x{2,}` as `xxx*`.
    private mutating func repetition(
        _ syntax: TextPatternSyntax, _ least: Int, _ most: Int?
    ) throws(TextPattern.Malformed) -> Part {
        var whole = Part(isNullable: true)
        for _ in 0..<least { whole = join(whole, try compile(syntax)) }
        for _ in least..<(most ?? least + 1) {
            var part = try compile(syntax)
            if most == nil { part = join(part, part) }
            part.isNullable = true
            whole = join(whole, part)
        }
        return whole
    }
}
