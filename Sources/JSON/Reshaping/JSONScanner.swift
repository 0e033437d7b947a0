#if canImport(Glibc)
    import Glibc
#endif

/// Judges a JSON text (RFC 8259) in one pass without recursion, and makes nodes of its upper levels.
///
/// Strict: the grammar to the letter, valid UTF-8, bounded depth. Strings are looked at eight bytes at a time.
struct JSONScanner {
    /// Nested deeper is refused.
    static let mostDepth = 256
    /// More nodes are refused: each takes 32 bytes, while `1,` takes two.
    static let mostNodes = 1 << 20

    private struct Level {
        var node: Int32
        var lastChild: Int32
        var isObject: Bool
    }

    private let base: UnsafePointer<UInt8>
    private let end: Int
    private var position: Int
    /// Of the nodes it makes.
    private let flags: JSONNode.Flags
    private let expandedDepth: Int
    private var levels: [Level] = []
    private var nameStart: Int32 = 0
    private var nameEnd: Int32 = 0
    private var nameHasEscapes = false

    /// - Parameter expandedDepth: how many levels of containers get nodes for what is in them.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int, expandedDepth: Int, flags: JSONNode.Flags
    ) {
        base = bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!
        self.end = end
        position = start
        self.flags = flags
        self.expandedDepth = expandedDepth
    }

    /// Scans one value and what surrounds it, and appends its nodes; the first is the value's own.
    /// - Parameter root: an unexpanded node that the value is already; its children are appended instead.
    mutating func scan(into nodes: inout [JSONNode], as root: Int32 = JSONNode.none) throws(JSONFailure) {
        var rootNode = root
        skipBlanks()
        while true {
            let node = try value(&nodes, &rootNode)
            guard node.isLeaf else { continue }
            if try !closeLevels(&nodes) { break }
        }
        skipBlanks()
        guard position == end else { throw failure("expected the end of the text") }
    }

    /// One value, or the opening of one.
    private mutating func value(
        _ nodes: inout [JSONNode], _ root: inout Int32
    ) throws(JSONFailure) -> (isLeaf: Bool, Void) {
        guard position < end else { throw failure("ends where a value is expected") }
        let byte = base[position]
        let start = position
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let isObject = byte == UInt8(ascii: "{")
            guard levels.count < Self.mostDepth else { throw failure("is nested deeper than \(Self.mostDepth)") }
            let node = try file(byte, start, &nodes, &root)
            if node >= 0, levels.count < expandedDepth { nodes[Int(node)].flags.insert(.isExpanded) }
            levels.append(Level(node: node, lastChild: JSONNode.none, isObject: isObject))
            position &+= 1
            skipBlanks()
            if position < end, base[position] == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                close(&nodes)
                return (true, ())
            }
            if isObject { try name() }
            return (false, ())
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: throw failure("expected a value")
        }
        let isNumber = byte == UInt8(ascii: "-") || byte &- 0x30 <= 9
        let node = try file(isNumber ? JSONNode.number : byte, start, &nodes, &root)
        if node >= 0 { nodes[Int(node)].end = Int32(truncatingIfNeeded: position) }
        return (true, ())
    }

    /// Makes the node of a value, if its level has nodes.
    private mutating func file(
        _ kind: UInt8, _ start: Int, _ nodes: inout [JSONNode], _ root: inout Int32
    ) throws(JSONFailure) -> Int32 {
        guard !levels.isEmpty else {
            if root != JSONNode.none { return root }
            root = Int32(nodes.count)
            nodes.append(node(kind, start, parent: JSONNode.none))
            return root
        }
        guard levels.count <= expandedDepth else { return JSONNode.none }
        let top = levels.count &- 1
        guard nodes.count < Self.mostNodes else { throw failure("has more values than can be reshaped") }
        let index = Int32(truncatingIfNeeded: nodes.count)
        var made = node(kind, start, parent: levels[top].node)
        if levels[top].isObject {
            made.nameStart = nameStart
            made.nameEnd = nameEnd
            if nameHasEscapes { made.flags.insert(.nameHasEscapes) }
        }
        nodes.append(made)
        let last = levels[top].lastChild
        if last >= 0 { nodes[Int(last)].next = index } else { nodes[Int(levels[top].node)].firstChild = index }
        levels[top].lastChild = index
        return index
    }

    private func node(_ kind: UInt8, _ start: Int, parent: Int32) -> JSONNode {
        JSONNode(
            kind: kind, flags: flags, start: Int32(truncatingIfNeeded: start), end: Int32(truncatingIfNeeded: start),
            parent: parent)
    }

    private mutating func close(_ nodes: inout [JSONNode]) {
        position &+= 1
        let level = levels.removeLast()
        if level.node >= 0 { nodes[Int(level.node)].end = Int32(truncatingIfNeeded: position) }
    }

    /// Behind a value: goes on to the next one, and is false when there is none.
    private mutating func closeLevels(_ nodes: inout [JSONNode]) throws(JSONFailure) -> Bool {
        while let level = levels.last {
            skipBlanks()
            guard position < end else { throw failure("ends within an \(level.isObject ? "object" : "array")") }
            let byte = base[position]
            if byte == UInt8(ascii: ",") {
                position &+= 1
                skipBlanks()
                if level.isObject { try name() }
                return true
            }
            guard byte == (level.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                throw failure(level.isObject ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"")
            }
            close(&nodes)
        }
        return false
    }

    private mutating func name() throws(JSONFailure) {
        guard position < end, base[position] == UInt8(ascii: "\"") else { throw failure("expected a member's name") }
        nameStart = Int32(truncatingIfNeeded: position &+ 1)
        nameHasEscapes = try string()
        nameEnd = Int32(truncatingIfNeeded: position &- 1)
        skipBlanks()
        guard position < end, base[position] == UInt8(ascii: ":") else { throw failure("expected \":\"") }
        position &+= 1
        skipBlanks()
    }

    @inline(__always)
    private mutating func skipBlanks() {
        while position < end {
            let byte = base[position]
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            position &+= 1
        }
    }

    private func failure(_ reason: String) -> JSONFailure { JSONFailure(reason, at: position) }

    // MARK: Strings

    /// Goes past the string that begins here; true if it has escapes.
    private mutating func string() throws(JSONFailure) -> Bool {
        var hasEscapes = false
        var index = position &+ 1
        while true {
            index = Self.plainEnd(base, index, end)
            guard index < end else {
                position = index
                throw failure("ends within a string")
            }
            let byte = base[index]
            if byte == UInt8(ascii: "\"") {
                position = index &+ 1
                return hasEscapes
            }
            position = index
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index = try escapeEnd(index)
            } else if byte < 0x20 {
                throw failure("has a control character in a string")
            } else {
                let length = UTF8Check.length(base + index, end &- index)
                guard length > 0 else { throw failure("is not UTF-8") }
                index &+= length
            }
        }
    }

    /// The first byte from `start` on that is no plain ASCII of a string.
    @inline(__always)
    static func plainEnd(_ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        var index = start
        let raw = UnsafeRawPointer(base)
        while index &+ 8 <= end {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let ones: UInt64 = 0x0101_0101_0101_0101
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            let found =
                ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | (word &- (ones &* 0x20)) & ~word | word
            let marks = found & (ones &* 0x80)
            if marks != 0 { return index &+ marks.trailingZeroBitCount >> 3 }
            index &+= 8
        }
        while index < end {
            let byte = base[index]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return index }
            index &+= 1
        }
        return index
    }

    private mutating func escapeEnd(_ start: Int) throws(JSONFailure) -> Int {
        guard start &+ 1 < end else { throw failure("ends within a string") }
        switch base[start &+ 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            for index in (start &+ 2)..<(start &+ 6) {
                guard index < end, hexValue(base[index]) != nil else { throw failure("has a bad escape in a string") }
            }
            return start &+ 6
        default: throw failure("has a bad escape in a string")
        }
    }

    // MARK: Numbers and words

    private mutating func number() throws(JSONFailure) {
        if base[position] == UInt8(ascii: "-") { position &+= 1 }
        if position < end, base[position] == UInt8(ascii: "0") { position &+= 1 } else { try digits() }
        if position < end, base[position] == UInt8(ascii: ".") {
            position &+= 1
            try digits()
        }
        if position < end, base[position] | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if position < end, base[position] == UInt8(ascii: "+") || base[position] == UInt8(ascii: "-") {
                position &+= 1
            }
            try digits()
        }
    }

    private mutating func digits() throws(JSONFailure) {
        let start = position
        while position < end, base[position] &- 0x30 <= 9 { position &+= 1 }
        guard position > start else { throw failure("expected a digit") }
    }

    private mutating func word(_ word: StaticString) throws(JSONFailure) {
        let length = word.utf8CodeUnitCount
        guard position &+ length <= end, memcmp(base + position, word.utf8Start, length) == 0 else {
            throw failure("expected a value")
        }
        position &+= length
    }

    /// Whether the bytes are a number and nothing else.
    static func isNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, first == UInt8(ascii: "-") || first &- 0x30 <= 9 else { return false }
        var scanner = JSONScanner(bytes, from: 0, to: bytes.count, expandedDepth: 0, flags: [])
        guard (try? scanner.number()) != nil else { return false }
        return scanner.position == bytes.count
    }
}

/// UTF-8 by the table of RFC 3629 §4: no overlong forms, no surrogates, nothing beyond U+10FFFF.
enum UTF8Check {
    /// Bytes of the character that begins here; 0 if it is none.
    static func length(_ bytes: UnsafePointer<UInt8>, _ available: Int) -> Int {
        let first = bytes[0]
        if first < 0x80 { return 1 }
        func isTail(_ index: Int) -> Bool { bytes[index] & 0xC0 == 0x80 }
        switch first {
        case 0xC2...0xDF: return available >= 2 && isTail(1) ? 2 : 0
        case 0xE0...0xEF:
            guard available >= 3, isTail(1), isTail(2) else { return 0 }
            if first == 0xE0, bytes[1] < 0xA0 { return 0 }
            if first == 0xED, bytes[1] > 0x9F { return 0 }
            return 3
        case 0xF0...0xF4:
            guard available >= 4, isTail(1), isTail(2), isTail(3) else { return 0 }
            if first == 0xF0, bytes[1] < 0x90 { return 0 }
            if first == 0xF4, bytes[1] > 0x8F { return 0 }
            return 4
        default: return 0
        }
    }
}
