/// All path patterns as one tree per host, and the walk through it.
///
/// A node stands for the segments that lead to it. Its literal children are found in one hash table that all nodes share, by
/// node and segment, so a step costs the same whether the node has one child or ten thousand.
struct PathTree: Sendable {
    /// How a node is reached from its parent.
    enum Step: UInt8, Sendable {
        case root, literal, parameter
    }

    struct Node: Sendable {
        let parent: Int32
        let step: Step
        var hasLiterals = false
        /// −1: none, as for the two leaves.
        var parameter: Int32 = -1
        /// The leaf of patterns that end here.
        var end: Int32 = -1
        /// The leaf of patterns that go on with `**`.
        var rest: Int32 = -1
    }

    private struct Edge: Sendable {
        var hash: UInt64 = 0
        var parent: Int32 = -1
        /// −1: a free slot.
        var child: Int32 = -1
        var segment = ByteArena.Piece(start: 0, length: 0)
    }

    private(set) var nodes: [Node] = []
    private(set) var leafCount = 0
    private var arena = ByteArena()
    /// Open addressing; at most half full, its size a power of two.
    private var edges = [Edge](repeating: Edge(), count: 16)
    private var edgeCount = 0

    mutating func addRoot() -> Int32 {
        nodes.append(Node(parent: -1, step: .root))
        return Int32(nodes.count - 1)
    }

    /// The leaf for a pattern below `root`; patterns of equal shape share one.
    mutating func leaf(for pattern: PathPattern, root: Int32) -> Int32 {
        var node = root
        for segment in pattern.segments {
            switch segment {
            case .literal(let text): node = literalChild(of: node, text)
            case .parameter: node = parameterChild(of: node)
            case .rest: return existing(\.rest, of: node)
            }
        }
        return existing(\.end, of: node)
    }

    /// The child of `node` for the segment at `range` of the path; −1: none.
    func literalChild(of node: Int32, _ path: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32 {
        let hash = Self.hash(node, path, range)
        var place = Int(truncatingIfNeeded: hash) & (edges.count - 1)
        while edges[place].child >= 0 {
            if edges[place].hash == hash, edges[place].parent == node, arena.equals(edges[place].segment, path, range) {
                return edges[place].child
            }
            place = (place + 1) & (edges.count - 1)
        }
        return -1
    }

    private mutating func existing(_ leaf: WritableKeyPath<Node, Int32>, of node: Int32) -> Int32 {
        if nodes[Int(node)][keyPath: leaf] < 0 {
            nodes[Int(node)][keyPath: leaf] = Int32(leafCount)
            leafCount += 1
        }
        return nodes[Int(node)][keyPath: leaf]
    }

    private mutating func parameterChild(of node: Int32) -> Int32 {
        if nodes[Int(node)].parameter < 0 {
            nodes.append(Node(parent: node, step: .parameter))
            nodes[Int(node)].parameter = Int32(nodes.count - 1)
        }
        return nodes[Int(node)].parameter
    }

    private mutating func literalChild(of node: Int32, _ text: String) -> Int32 {
        var text = text
        let (known, hash) = text.withUTF8 {
            (literalChild(of: node, $0, 0..<$0.count), Self.hash(node, $0, 0..<$0.count))
        }
        guard known < 0 else { return known }
        nodes.append(Node(parent: node, step: .literal))
        nodes[Int(node)].hasLiterals = true
        insert(Edge(hash: hash, parent: node, child: Int32(nodes.count - 1), segment: arena.add(text)))
        return Int32(nodes.count - 1)
    }

    private mutating func insert(_ edge: Edge) {
        if (edgeCount + 1) * 2 > edges.count {
            let old = edges
            edges = [Edge](repeating: Edge(), count: old.count * 2)
            edgeCount = 0
            for edge in old where edge.child >= 0 { insert(edge) }
        }
        var place = Int(truncatingIfNeeded: edge.hash) & (edges.count - 1)
        while edges[place].child >= 0 { place = (place + 1) & (edges.count - 1) }
        edges[place] = edge
        edgeCount += 1
    }

    /// Eight bytes at a time. It need not resist crafted paths: the table holds only configured segments, and a look-up ends
    /// at the first free slot.
    private static func hash(_ node: Int32, _ path: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt64 {
        var hash = UInt64(UInt32(bitPattern: node)) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(range.count)
        let bytes = UnsafeRawBufferPointer(path)
        var position = range.lowerBound
        while position + 8 <= range.upperBound {
            hash = mix(hash ^ bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            position += 8
        }
        var tail: UInt64 = 0
        while position < range.upperBound {
            tail = tail << 8 | UInt64(bytes[position])
            position += 1
        }
        return mix(hash ^ tail)
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
        return product.high ^ product.low
    }
}
