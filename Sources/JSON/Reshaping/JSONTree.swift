import Policies

#if canImport(Glibc)
    import Glibc
#endif

/// A JSON text while steps change it: nodes for what steps look at, byte ranges for all else. What no step touches is written
/// as it came, blanks, order and digits included.
///
/// A name that an object has twice means its last value; once a step names it, the others go.
struct JSONTree {
    let source: UnsafeBufferPointer<UInt8>
    /// New names and values.
    var storage: [UInt8] = []
    var nodes: [JSONNode] = []
    static let root: Int32 = 0

    /// - Parameter expandedDepth: how many levels the steps will look at; others are expanded when they do.
    init(_ source: UnsafeBufferPointer<UInt8>, expandedDepth: Int) throws(JSONFailure) {
        self.source = source
        guard source.count < Int(Int32.max) else { throw JSONFailure("is too long", at: 0) }
        // Names of an array's elements are asked for one level below it.
        let first = source.first { $0 > 0x20 }
        var scanner = JSONScanner(
            source, from: 0, to: source.count, expandedDepth: expandedDepth + (first == UInt8(ascii: "[") ? 1 : 0),
            flags: [])
        try scanner.scan(into: &nodes)
    }

    // MARK: Looking

    func bytes(of node: Int32) -> (isNew: Bool, range: Range<Int>) {
        let node = nodes[Int(node)]
        return (node.flags.contains(.valueIsNew), Int(node.start)..<Int(node.end))
    }

    /// The children of a container; its bytes are looked at now if they have not been.
    mutating func firstChild(of index: Int32) throws(JSONFailure) -> Int32 {
        let node = nodes[Int(index)]
        guard node.isContainer else { return JSONNode.none }
        if !node.flags.contains(.isExpanded) { try expand(index) }
        return nodes[Int(index)].firstChild
    }

    private mutating func expand(_ index: Int32) throws(JSONFailure) {
        let node = nodes[Int(index)]
        let isNew = node.flags.contains(.valueIsNew)
        let copy = storage
        let flags: JSONNode.Flags = isNew ? [.nameIsNew, .valueIsNew] : []
        let start = node.start
        let outcome = Result { () throws(JSONFailure) in
            if isNew {
                try copy.withUnsafeBufferPointer { bytes throws(JSONFailure) in
                    try scan(bytes, node, index, flags)
                }
            } else {
                try scan(source, node, index, flags)
            }
        }
        try outcome.get()
        nodes[Int(index)].start = start
        nodes[Int(index)].flags.insert(.isExpanded)
    }

    private mutating func scan(
        _ bytes: UnsafeBufferPointer<UInt8>, _ node: JSONNode, _ index: Int32, _ flags: JSONNode.Flags
    ) throws(JSONFailure) {
        var scanner = JSONScanner(bytes, from: Int(node.start), to: Int(node.end), expandedDepth: 1, flags: flags)
        try scanner.scan(into: &nodes, as: index)
    }

    /// The member of this name; earlier ones of the same name are removed.
    mutating func member(_ name: [UInt8], of object: Int32) throws(JSONFailure) -> Int32 {
        guard nodes[Int(object)].isObject else { return JSONNode.none }
        var (found, beforeFound, before) = (JSONNode.none, JSONNode.none, JSONNode.none)
        var child = try firstChild(of: object)
        while child != JSONNode.none {
            let next = nodes[Int(child)].next
            if isNamed(child, name) {
                if found != JSONNode.none {
                    if before == found { before = beforeFound }
                    unlink(found, behind: beforeFound)
                }
                (found, beforeFound) = (child, before)
            }
            before = child
            child = next
        }
        return found
    }

    /// Removes the children that `isKept` is false of.
    mutating func filter(
        _ container: Int32, _ isKept: (inout JSONTree, Int32) throws(JSONFailure) -> Bool
    ) throws(JSONFailure) {
        var before = JSONNode.none
        var child = try firstChild(of: container)
        while child != JSONNode.none {
            let next = nodes[Int(child)].next
            if try isKept(&self, child) { before = child } else { unlink(child, behind: before) }
            child = next
        }
    }

    mutating func element(_ wanted: Int, of array: Int32) throws(JSONFailure) -> Int32 {
        var child = try firstChild(of: array)
        var index = 0
        while child != JSONNode.none, index < wanted {
            child = nodes[Int(child)].next
            index += 1
        }
        return child
    }

    mutating func children(of index: Int32) throws(JSONFailure) -> [Int32] {
        var list: [Int32] = []
        var child = try firstChild(of: index)
        while child != JSONNode.none {
            list.append(child)
            child = nodes[Int(child)].next
        }
        return list
    }

    func isNamed(_ index: Int32, _ name: [UInt8]) -> Bool {
        let node = nodes[Int(index)]
        let count = Int(node.nameEnd &- node.nameStart)
        if !node.flags.contains(.nameHasEscapes) {
            guard count == name.count else { return false }
            return withBytes(isNew: node.flags.contains(.nameIsNew)) { bytes in
                count == 0 || memcmp(bytes.baseAddress! + Int(node.nameStart), name, count) == 0
            }
        }
        return withBytes(isNew: node.flags.contains(.nameIsNew)) { bytes in
            JSONText.unescaped(bytes[Int(node.nameStart)..<Int(node.nameEnd)]) == name
        }
    }

    @inline(__always)
    func withBytes<Result>(isNew: Bool, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        isNew ? storage.withUnsafeBufferPointer(body) : body(source)
    }

    // MARK: Changing

    mutating func markChanged(_ index: Int32) {
        var index = index
        while index != JSONNode.none, !nodes[Int(index)].flags.contains(.isChanged) {
            nodes[Int(index)].flags.insert(.isChanged)
            index = nodes[Int(index)].parent
        }
    }

    /// Takes the node from its container.
    mutating func unlink(_ index: Int32) {
        let parent = nodes[Int(index)].parent
        guard parent != JSONNode.none else { return }
        var before = JSONNode.none
        var child = nodes[Int(parent)].firstChild
        while child != JSONNode.none, child != index {
            before = child
            child = nodes[Int(child)].next
        }
        if child == index { unlink(index, behind: before) }
    }

    /// The same where the neighbour is known: removing many must not take the square of their number.
    private mutating func unlink(_ index: Int32, behind before: Int32) {
        let parent = nodes[Int(index)].parent
        let next = nodes[Int(index)].next
        if before == JSONNode.none {
            nodes[Int(parent)].firstChild = next
        } else {
            nodes[Int(before)].next = next
        }
        nodes[Int(index)].next = JSONNode.none
        nodes[Int(index)].parent = JSONNode.none
        markChanged(parent)
    }

    /// Puts the node at the end of an expanded container.
    mutating func append(_ index: Int32, to parent: Int32) {
        nodes[Int(index)].parent = parent
        nodes[Int(index)].next = JSONNode.none
        var last = nodes[Int(parent)].firstChild
        if last == JSONNode.none {
            nodes[Int(parent)].firstChild = index
        } else {
            while nodes[Int(last)].next != JSONNode.none { last = nodes[Int(last)].next }
            nodes[Int(last)].next = index
        }
        markChanged(parent)
    }

    /// Puts the value of `other`, which is linked nowhere, in the place of a node's value.
    mutating func replaceValue(of index: Int32, by other: Int32) {
        let value = nodes[Int(other)]
        let keptFlags: JSONNode.Flags = [.nameIsNew, .nameHasEscapes]
        nodes[Int(index)].kind = value.kind
        nodes[Int(index)].start = value.start
        nodes[Int(index)].end = value.end
        nodes[Int(index)].firstChild = value.firstChild
        nodes[Int(index)].flags = nodes[Int(index)].flags.intersection(keptFlags).union(
            value.flags.subtracting(keptFlags))
        nodes[Int(index)].flags.insert(.isApart)
        adopt(by: index)
        markChanged(nodes[Int(index)].parent)
    }

    /// The children belong to another node now.
    private mutating func adopt(by index: Int32) {
        var child = nodes[Int(index)].firstChild
        while child != JSONNode.none {
            nodes[Int(child)].parent = index
            child = nodes[Int(child)].next
        }
    }

    mutating func rename(_ index: Int32, to name: [UInt8]) {
        let start = storage.count
        name.withUnsafeBufferPointer { TemplatePlace.json.append($0, to: &storage) }
        nodes[Int(index)].nameStart = Int32(truncatingIfNeeded: start)
        nodes[Int(index)].nameEnd = Int32(truncatingIfNeeded: storage.count)
        nodes[Int(index)].flags.insert(.nameIsNew)
        if storage.count - start == name.count {
            nodes[Int(index)].flags.remove(.nameHasEscapes)
        } else {
            nodes[Int(index)].flags.insert(.nameHasEscapes)
        }
        markChanged(nodes[Int(index)].parent)
    }

    /// A node that is linked nowhere, whose value is JSON text in the storage.
    mutating func make(_ range: Range<Int>) throws(JSONFailure) -> Int32 {
        guard nodes.count < JSONScanner.mostNodes, storage.count < Int(Int32.max) else {
            throw JSONFailure("has more values than can be reshaped", at: 0)
        }
        let first = storage[range.lowerBound]
        let isNumber = first == UInt8(ascii: "-") || first &- 0x30 <= 9
        nodes.append(
            JSONNode(
                kind: isNumber ? JSONNode.number : first, flags: .valueIsNew, start: Int32(range.lowerBound),
                end: Int32(range.upperBound), parent: JSONNode.none))
        return Int32(nodes.count - 1)
    }

    mutating func make(_ text: StaticString) throws(JSONFailure) -> Int32 {
        let start = storage.count
        text.withUTF8Buffer { storage.append(contentsOf: $0) }
        return try make(start..<storage.count)
    }

    /// A node that is linked nowhere, with the value of another one.
    mutating func takeValue(of index: Int32) throws(JSONFailure) -> Int32 {
        guard nodes.count < JSONScanner.mostNodes else {
            throw JSONFailure("has more values than can be reshaped", at: 0)
        }
        var node = nodes[Int(index)]
        node.nameStart = 0
        node.nameEnd = 0
        node.flags.subtract([.nameIsNew, .nameHasEscapes])
        node.flags.insert(.isApart)
        node.parent = JSONNode.none
        node.next = JSONNode.none
        nodes.append(node)
        let made = Int32(nodes.count - 1)
        adopt(by: made)
        return made
    }
}

/// Escapes of JSON strings.
enum JSONText {
    /// What a string without its quotes says; surrogates without their other half become U+FFFD.
    static func unescaped(_ text: some Collection<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var high: UInt32?
        var index = text.startIndex
        func unit(_ start: some Collection<UInt8>) -> UInt32 {
            start.reduce(0) { $0 << 4 | UInt32(hexValue($1) ?? 0) }
        }
        func put(_ value: UInt32) {
            result.append(contentsOf: Array(String(Character(Unicode.Scalar(value) ?? "\u{FFFD}")).utf8))
        }
        while index < text.endIndex {
            let byte = text[index]
            let next = text.index(after: index)
            guard byte == UInt8(ascii: "\\"), next < text.endIndex else {
                if high != nil { put(0xFFFD) }
                high = nil
                result.append(byte)
                index = next
                continue
            }
            index = text.index(after: next)
            guard text[next] == UInt8(ascii: "u") else {
                if high != nil { put(0xFFFD) }
                high = nil
                result.append(control(text[next]))
                continue
            }
            let end = text.index(index, offsetBy: 4, limitedBy: text.endIndex) ?? text.endIndex
            let value = unit(text[index..<end])
            index = end
            if let first = high, (0xDC00...0xDFFF).contains(value) {
                put(0x10000 + (first - 0xD800) << 10 + (value - 0xDC00))
                high = nil
                continue
            }
            if high != nil { put(0xFFFD) }
            high = (0xD800...0xDBFF).contains(value) ? value : nil
            if high == nil { put(value) }
        }
        if high != nil { put(0xFFFD) }
        return result
    }

    private static func control(_ letter: UInt8) -> UInt8 {
        switch letter {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: letter
        }
    }
}
