import Policies

/// Changes JSON texts by steps. The text is judged as a whole, also what no step looks at.
package struct JSONReshaping: Sendable {
    private let steps: [JSONStep]
    private let depth: Int
    private let mostBytes: Int

    /// - Parameter mostBytes: what steps may make of a text; more is a failure.
    package init(_ steps: [JSONStep], mostBytes: Int = 16 << 20) {
        self.steps = steps
        depth = steps.map(\.depth).max() ?? 0
        self.mostBytes = mostBytes
    }

    /// Appends what the steps make of the text. A `JSONFailure` says where it is not JSON.
    package func apply<Values: TemplateValues<RequestReference>>(
        to text: UnsafeBufferPointer<UInt8>, from values: Values, into output: inout [UInt8]
    ) throws(JSONFailure) {
        var tree = try JSONTree(text, expandedDepth: depth)
        try tree.apply(steps, to: JSONTree.root, from: values)
        if tree.isAsItCame { return output.append(contentsOf: text) }
        output.reserveCapacity(output.count + text.count + tree.storage.count + 64)
        try tree.write(JSONTree.root, to: &output, atMost: output.count + mostBytes)
    }
}

extension JSONTree {
    /// No step has changed anything.
    var isAsItCame: Bool { nodes[0].isAsItCame }

    /// Appends a node's value. Neighbours that are as they came are copied in one run, with what stands between them.
    func write(_ index: Int32, to output: inout [UInt8], atMost limit: Int) throws(JSONFailure) {
        let node = nodes[Int(index)]
        guard node.flags.contains(.isChanged) else {
            copy(Int(node.start)..<Int(node.end), isNew: node.flags.contains(.valueIsNew), to: &output)
            return
        }
        output.append(node.isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
        var isFirst = true
        var run = 0..<0
        var child = node.firstChild
        while child != JSONNode.none {
            let member = nodes[Int(child)]
            let place = member.isAsItCame ? place(of: member, inObject: node.isObject) : nil
            if let place, !run.isEmpty, continues(run, place) {
                run = run.lowerBound..<place.upperBound
            } else {
                copy(run, isNew: false, to: &output)
                run = place ?? 0..<0
                if !isFirst { output.append(UInt8(ascii: ",")) }
                if place == nil {
                    if node.isObject { writeName(member, to: &output) }
                    try write(child, to: &output, atMost: limit)
                }
            }
            isFirst = false
            guard output.count + run.count <= limit else { throw JSONFailure("would grow too long", at: 0) }
            child = member.next
        }
        copy(run, isNew: false, to: &output)
        output.append(node.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }

    /// In the source, name and value.
    private func place(of node: JSONNode, inObject: Bool) -> Range<Int> {
        (inObject ? Int(node.nameStart) - 1 : Int(node.start))..<Int(node.end)
    }

    /// Whether only a comma and blanks stand between.
    private func continues(_ run: Range<Int>, _ place: Range<Int>) -> Bool {
        guard place.lowerBound > run.upperBound else { return false }
        for index in run.upperBound..<place.lowerBound {
            let byte = source[index]
            guard byte == UInt8(ascii: ",") || byte <= 0x20 else { return false }
        }
        return true
    }

    private func writeName(_ node: JSONNode, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        copy(Int(node.nameStart)..<Int(node.nameEnd), isNew: node.flags.contains(.nameIsNew), to: &output)
        output.append(UInt8(ascii: "\""))
        output.append(UInt8(ascii: ":"))
    }

    private func copy(_ range: Range<Int>, isNew: Bool, to output: inout [UInt8]) {
        guard !range.isEmpty else { return }
        withBytes(isNew: isNew) { output.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
    }
}
