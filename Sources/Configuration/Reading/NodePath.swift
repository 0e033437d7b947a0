/// The way from the top of the file to a value, kept as a chain so that it costs nothing until it is printed.
final class NodePath: Sendable {
    private enum Step: Sendable {
        case key(String)
        case index(Int)
    }
    private let parent: NodePath?
    private let step: Step

    private init(_ parent: NodePath?, _ step: Step) {
        self.parent = parent
        self.step = step
    }

    static func key(_ name: String, in parent: NodePath?) -> NodePath { NodePath(parent, .key(name)) }
    static func index(_ number: Int, in parent: NodePath?) -> NodePath { NodePath(parent, .index(number)) }

    /// Such as `routes[2].match.headers."X-Beta"`; only plain names stand without quotes.
    var text: String {
        let prefix = parent?.text ?? ""
        switch step {
        case .index(let number): return "\(prefix)[\(number)]"
        case .key(let name):
            let isPlain = !name.isEmpty && name.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: ".") }
            return (prefix.isEmpty ? "" : prefix + ".") + (isPlain ? name : quoted(name))
        }
    }
}

/// Letters, digits, `_`, `-`, `.`: what names of routes, upstreams and their like consist of.
func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
    default: false
    }
}
