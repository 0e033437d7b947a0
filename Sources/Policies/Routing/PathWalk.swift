/// The leaves of a path tree that match one path, the most specific first.
///
/// At each node a literal child goes before the parameter and the parameter before `**`: segment by segment from the left.
/// When a branch leads nowhere the walk goes back and tries the next, so `/a/{x}/c` is found although `/a/b/d` exists. Nodes
/// know their parent, and the way back is read from the path itself: the walk needs no stack and no memory. It visits no node
/// twice, which bounds it even for patterns laid out to mislead it.
struct PathWalk {
    private enum Branch {
        case enter, parameter, rest, back
    }

    private var node: Int32
    /// The path up to here has led to `node`; the next segment, if any, begins with the slash at this place.
    private var position = 0
    private var branch: Branch

    /// `path` begins with a slash, or else matches nothing.
    init(root: Int32, path: UnsafeBufferPointer<UInt8>) {
        node = root
        branch = path.first == UInt8(ascii: "/") ? .enter : .back
    }

    /// The next leaf, with the captures that lead to it; −1: there is none left.
    mutating func next(
        in tree: borrowing PathTree, _ path: UnsafeBufferPointer<UInt8>, _ captures: inout PathCaptures
    ) -> Int32 {
        while true {
            switch branch {
            case .enter where position == path.count:
                branch = .rest
                if tree.nodes[Int(node)].end >= 0 { return tree.nodes[Int(node)].end }
            case .enter:
                branch = .parameter
                let segment = segment(of: path)
                guard tree.nodes[Int(node)].hasLiterals else { continue }
                let child = tree.literalChild(of: node, path, segment)
                if child >= 0 { descend(to: child, segment) }
            case .parameter:
                branch = .rest
                let segment = segment(of: path)
                let child = tree.nodes[Int(node)].parameter
                guard child >= 0, !segment.isEmpty else { continue }
                captures.append(segment)
                descend(to: child, segment)
            case .rest:
                branch = .back
                if tree.nodes[Int(node)].rest >= 0 { return tree.nodes[Int(node)].rest }
            case .back:
                guard goBack(tree, path, &captures) else { return -1 }
            }
        }
    }

    private func segment(of path: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        var end = position + 1
        while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
        return position + 1..<end
    }

    private mutating func descend(to child: Int32, _ segment: Range<Int>) {
        node = child
        position = segment.upperBound
        branch = .enter
    }

    /// To the parent, and there to the branch after the one that has been tried; false at the root.
    private mutating func goBack(
        _ tree: borrowing PathTree, _ path: UnsafeBufferPointer<UInt8>, _ captures: inout PathCaptures
    ) -> Bool {
        let (parent, step) = (tree.nodes[Int(node)].parent, tree.nodes[Int(node)].step)
        guard step != .root else { return false }
        position -= 1
        while path[position] != UInt8(ascii: "/") { position -= 1 }
        node = parent
        branch = step == .literal ? .parameter : .rest
        if step == .parameter { captures.removeLast() }
        return true
    }
}
