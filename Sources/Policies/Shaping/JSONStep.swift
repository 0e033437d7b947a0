/// One change to a JSON text. A step whose path leads to nothing, or through something that is neither an object nor an
/// array, changes nothing.
package enum JSONStep: Hashable, Sendable {
    /// Puts a value there, and objects on the way where nothing is.
    case set(JSONPath, JSONTemplate)
    /// The same, only where there is nothing, or null.
    case fallback(JSONPath, JSONTemplate)
    case remove(JSONPath)
    /// Gives a member another name, at its place; one that has that name already is replaced.
    case rename(JSONPath, to: [UInt8])
    /// Takes it from there; up to the last wildcard both paths are the same.
    case move(from: JSONPath, to: JSONPath)
    case copy(from: JSONPath, to: JSONPath)
    /// Removes all but what the tree names.
    case keep(JSONSelection)
    /// Applies the steps to each element of the array there, as if it were the body.
    case map(JSONPath, [JSONStep])
    /// The body becomes the only member of an object.
    case wrap([UInt8])
    /// The body becomes what stands there.
    case unwrap(JSONPath)
    case convert(JSONPath, JSONConversion)

    var references: [RequestReference] {
        switch self {
        case .set(_, let value), .fallback(_, let value): value.references
        case .map(_, let steps): steps.flatMap(\.references)
        default: []
        }
    }

    /// How many levels of the body the step looks at.
    package var depth: Int {
        switch self {
        case .set(let path, _), .fallback(let path, _), .remove(let path), .rename(let path, _), .unwrap(let path),
            .convert(let path, _):
            path.components.count
        case .move(let from, let to), .copy(let from, let to): max(from.components.count, to.components.count)
        case .keep(let selection): selection.depth
        case .map(let path, let steps): path.components.count + 1 + (steps.map(\.depth).max() ?? 0)
        case .wrap: 0
        }
    }
}

package enum JSONConversion: String, CaseIterable, Sendable {
    /// Numbers, true and false become texts.
    case string
    /// Texts that are numbers become these, digit by digit.
    case number
    /// `"true"`, `"false"`, `1`, `0`, and the same as texts.
    case boolean
    /// What is no array becomes the only element of one; null an empty one.
    case array
}

/// What `keep` leaves: members by name, and what to leave of them.
package struct JSONSelection: Hashable, Sendable {
    /// By name; a selection that is whole leaves all.
    package private(set) var members: [(name: [UInt8], inner: JSONSelection)] = []
    /// Of `*` and `[]`.
    package private(set) var all: [JSONSelection] = []
    package private(set) var isWhole = false

    private init() {}

    package init(_ paths: [JSONPath]) { for path in paths { add(path.components[...]) } }

    private mutating func add(_ components: ArraySlice<JSONPath.Component>) {
        guard let first = components.first else { return isWhole = true }
        switch first {
        case .elements, .all:
            if all.isEmpty { all = [JSONSelection()] }
            all[0].add(components.dropFirst())
        case .member(let name), .number(_, let name):
            let index = members.firstIndex { $0.name == name } ?? members.count
            if index == members.count { members.append((name, JSONSelection())) }
            members[index].inner.add(components.dropFirst())
        }
    }

    var depth: Int {
        guard !isWhole else { return 0 }
        return 1 + max(members.map(\.inner.depth).max() ?? 0, all.map(\.depth).max() ?? 0)
    }

    package static func == (left: JSONSelection, right: JSONSelection) -> Bool {
        left.isWhole == right.isWhole && left.all == right.all
            && left.members.elementsEqual(right.members) { $0.name == $1.name && $0.inner == $1.inner }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(isWhole)
        for member in members { hasher.combine(member.name) }
    }
}

/// A value of JSON whose texts are templates.
package enum JSONTemplate: Hashable, Sendable {
    /// JSON text.
    case literal([UInt8])
    case text(Template<RequestReference>)
    case object([Member])
    case array([JSONTemplate])

    package struct Member: Hashable, Sendable {
        /// JSON text of the name, with its quotes.
        package let name: [UInt8]
        package let value: JSONTemplate

        package init(name: [UInt8], value: JSONTemplate) {
            self.name = name
            self.value = value
        }
    }

    /// Appends the value as JSON text; false, and nothing, if all that it refers to is missing. A member of an object whose
    /// value is missing is left out, an element of an array is null.
    package func render<Values: TemplateValues<RequestReference>>(
        into output: inout [UInt8], from values: Values
    ) -> Bool {
        switch self {
        case .literal(let text): output.append(contentsOf: text)
        case .text(let template):
            let start = output.count
            output.append(UInt8(ascii: "\""))
            guard template.render(into: &output, for: .json, from: values).isWorthSending else {
                output.removeSubrange(start...)
                return false
            }
            output.append(UInt8(ascii: "\""))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in members {
                let start = output.count
                if !isFirst { output.append(UInt8(ascii: ",")) }
                output.append(contentsOf: member.name)
                output.append(UInt8(ascii: ":"))
                if member.value.render(into: &output, from: values) {
                    isFirst = false
                } else {
                    output.removeSubrange(start...)
                }
            }
            output.append(UInt8(ascii: "}"))
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                if !element.render(into: &output, from: values) { output.append(contentsOf: "null".utf8) }
            }
            output.append(UInt8(ascii: "]"))
        }
        return true
    }

    package var references: [RequestReference] {
        switch self {
        case .literal: []
        case .text(let template): template.references
        case .object(let members): members.flatMap(\.value.references)
        case .array(let elements): elements.flatMap(\.references)
        }
    }

    /// A text as JSON, with its quotes.
    package static func quoted(_ text: String) -> [UInt8] {
        var json = [UInt8(ascii: "\"")]
        Array(text.utf8).withUnsafeBufferPointer { TemplatePlace.json.append($0, to: &json) }
        return json + [UInt8(ascii: "\"")]
    }
}
