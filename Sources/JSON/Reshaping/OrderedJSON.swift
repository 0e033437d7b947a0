import Policies

/// A JSON text as a tree that keeps the order of members, for other forms that have an order.
package indirect enum OrderedJSON {
    case null
    /// `true`, `false` and numbers, as they were written.
    case word([UInt8])
    /// UTF-8, without escapes.
    case text([UInt8])
    case array([OrderedJSON])
    case object([(name: [UInt8], value: OrderedJSON)])

    package static func read(_ text: UnsafeBufferPointer<UInt8>) throws(JSONFailure) -> OrderedJSON {
        let tree = try JSONTree(text, expandedDepth: JSONScanner.mostDepth)
        return value(JSONTree.root, tree)
    }

    private static func value(_ index: Int32, _ tree: JSONTree) -> OrderedJSON {
        let node = tree.nodes[Int(index)]
        let bytes = tree.source[Int(node.start)..<Int(node.end)]
        switch node.kind {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "\""): return .text(JSONText.unescaped(bytes.dropFirst().dropLast()))
        case UInt8(ascii: "["): return .array(children(of: node, tree).map { value($0, tree) })
        case UInt8(ascii: "{"):
            return .object(
                children(of: node, tree).map { child in
                    let member = tree.nodes[Int(child)]
                    let name = tree.source[Int(member.nameStart)..<Int(member.nameEnd)]
                    return (JSONText.unescaped(name), value(child, tree))
                })
        default: return .word(Array(bytes))
        }
    }

    private static func children(of node: JSONNode, _ tree: JSONTree) -> [Int32] {
        var list: [Int32] = []
        var child = node.firstChild
        while child != JSONNode.none {
            list.append(child)
            child = tree.nodes[Int(child)].next
        }
        return list
    }
}
