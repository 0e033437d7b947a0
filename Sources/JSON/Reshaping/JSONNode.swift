/// One value of a text that is being reshaped: where its bytes are, and its neighbours. 32 bytes, so that a large text makes
/// a small tree; most of a text makes no nodes at all, because no step looks at it.
struct JSONNode {
    struct Flags: OptionSet {
        let rawValue: UInt8

        /// The name's bytes, and the value's, are in the tree's own storage and not in the source.
        static let nameIsNew = Flags(rawValue: 1)
        static let valueIsNew = Flags(rawValue: 2)
        static let nameHasEscapes = Flags(rawValue: 4)
        /// Its children are nodes.
        static let isExpanded = Flags(rawValue: 8)
        /// Something below has changed: it has to be written from its children.
        static let isChanged = Flags(rawValue: 16)
        /// Name and value do not stand side by side in the source.
        static let isApart = Flags(rawValue: 32)
    }

    /// The first byte of the value; `0` for all numbers.
    var kind: UInt8
    var flags: Flags
    /// Between its quotes; empty for elements and for the root.
    var nameStart: Int32 = 0
    var nameEnd: Int32 = 0
    var start: Int32
    var end: Int32
    var parent: Int32
    var firstChild: Int32 = JSONNode.none
    var next: Int32 = JSONNode.none

    static let none: Int32 = -1
    static let number = UInt8(ascii: "0")

    var isObject: Bool { kind == UInt8(ascii: "{") }
    var isArray: Bool { kind == UInt8(ascii: "[") }
    var isContainer: Bool { isObject || isArray }
    var isNull: Bool { kind == UInt8(ascii: "n") }

    /// Can be copied from the source in one piece with its name.
    var isAsItCame: Bool { flags.isDisjoint(with: [.nameIsNew, .valueIsNew, .isChanged, .isApart]) }
}
