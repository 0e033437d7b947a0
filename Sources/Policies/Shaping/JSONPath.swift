/// Where something stands within a JSON text: `address.zip`, `items[].price`, `items.*.price`, `/a~1b/0`.
///
/// Dots separate names (`\.` is a dot of a name); a text that begins with `/` is a JSON Pointer (RFC 6901). `*` stands for
/// all elements or members, `[]` for all elements. Digits are an index in an array, a name in an object. Where a path names
/// a member and meets an array, each of its elements is meant.
package struct JSONPath: Hashable, Sendable {
    package enum Component: Hashable, Sendable {
        /// The name as UTF-8, without escapes.
        case member([UInt8])
        /// The index, and the same as a name.
        case number(Int, [UInt8])
        case elements
        case all

        package var isWildcard: Bool { self == .elements || self == .all }
    }

    package let text: String
    package let components: [Component]

    package static let mostComponents = 32

    /// All of the body.
    package static let root = JSONPath(text: "", components: [])

    private init(text: String, components: [Component]) {
        self.text = text
        self.components = components
    }

    package init(_ text: String) throws(TemplateProblem) {
        self.text = text
        components = text.hasPrefix("/") ? try Self.pointer(text) : try Self.dotted(text)
        guard components.count <= Self.mostComponents else {
            throw TemplateProblem("a path has at most \(Self.mostComponents) parts", at: 0)
        }
    }

    /// The path without its last part.
    package var parent: JSONPath { JSONPath(text: text, components: components.dropLast()) }

    /// Behind the last wildcard, and all up to it.
    package var split: (common: [Component], own: [Component]) {
        let end = components.lastIndex { $0.isWildcard }.map { $0 + 1 } ?? 0
        return (Array(components[..<end]), Array(components[end...]))
    }

    private static func pointer(_ text: String) throws(TemplateProblem) -> [Component] {
        var components: [Component] = []
        for piece in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if piece == "*" {
                components.append(.all)
            } else {
                var name = ""
                var rest = piece[...]
                while let tilde = rest.firstIndex(of: "~") {
                    let code = rest[rest.index(after: tilde)...].first
                    guard code == "0" || code == "1" else {
                        throw TemplateProblem(
                            "\"~\" in a JSON Pointer is followed by 0 or 1", hint: "write ~0 for ~ and ~1 for /", at: 0)
                    }
                    name += rest[..<tilde] + (code == "0" ? "~" : "/")
                    rest = rest[rest.index(tilde, offsetBy: 2)...]
                }
                components.append(component(name + rest))
            }
        }
        return components
    }

    private static func dotted(_ text: String) throws(TemplateProblem) -> [Component] {
        var components: [Component] = []
        var name: [UInt8] = []
        var isNamed = false
        let bytes = Array(text.utf8)
        var index = 0
        func end(at offset: Int) throws(TemplateProblem) {
            guard isNamed || (components.last.map { _ in bytes[offset - 1] == UInt8(ascii: "]") } ?? false) else {
                throw TemplateProblem(
                    "a part of the path is empty", hint: "write names with one dot between them", at: offset)
            }
            if isNamed {
                components.append(name == Array("*".utf8) ? .all : component(String(decoding: name, as: UTF8.self)))
            }
            name = []
            isNamed = false
        }
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where index + 1 < bytes.count:
                index += 1
                name.append(bytes[index])
                isNamed = true
            case UInt8(ascii: "."): try end(at: index)
            case UInt8(ascii: "["):
                if isNamed { try end(at: index) }
                guard let close = bytes[index...].firstIndex(of: UInt8(ascii: "]")) else {
                    throw TemplateProblem("\"[\" is not closed", hint: "write [] or [0]", at: index)
                }
                let inner = String(decoding: bytes[(index + 1)..<close], as: UTF8.self)
                if inner.isEmpty || inner == "*" {
                    components.append(.elements)
                } else if let number = number(inner) {
                    components.append(.number(number, Array(inner.utf8)))
                } else {
                    throw TemplateProblem("\"[\(inner)]\" is no index", hint: "write [] or [0]", at: index)
                }
                index = close
            default:
                name.append(bytes[index])
                isNamed = true
            }
            index += 1
        }
        guard !bytes.isEmpty else { throw TemplateProblem("the path is empty", hint: "write a name", at: 0) }
        try end(at: index)
        return components
    }

    private static func component(_ name: String) -> Component {
        number(name).map { .number($0, Array(name.utf8)) } ?? .member(Array(name.utf8))
    }

    private static func number(_ text: some StringProtocol) -> Int? {
        let isCanonical = !text.isEmpty && text.utf8.count <= 9 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isCanonical && (text == "0" || !text.hasPrefix("0")) ? Int(text) : nil
    }
}
