import Policies

/// What steps do to the tree.
extension JSONTree {
    mutating func apply<Values: TemplateValues<RequestReference>>(
        _ steps: [JSONStep], to root: Int32, from values: Values
    ) throws(JSONFailure) {
        for step in steps { try apply(step, to: root, values) }
    }

    private mutating func apply<Values: TemplateValues<RequestReference>>(
        _ step: JSONStep, to root: Int32, _ values: Values
    ) throws(JSONFailure) {
        switch step {
        case .set(let path, let template), .fallback(let path, let template):
            let start = storage.count
            guard template.render(into: &storage, from: values) else { return }
            var isFallback = false
            if case .fallback = step { isFallback = true }
            try put(start..<storage.count, at: path.components[...], in: root, onlyIfMissing: isFallback)
        case .remove(let path):
            for parent in try resolve(path.components.dropLast(), from: root) {
                try remove(path.components[path.components.count - 1], of: parent)
            }
        case .rename(let path, let name):
            for parent in try resolve(path.components.dropLast(), from: root) {
                try rename(path.components[path.components.count - 1], of: parent, to: name)
            }
        case .move(let from, let to): try transfer(from, to, root, isCopy: false)
        case .copy(let from, let to): try transfer(from, to, root, isCopy: true)
        case .keep(let selection): _ = try keep(selection, in: root, isRoot: true)
        case .map(let path, let steps):
            for array in try resolve(path.components[...], from: root) where nodes[Int(array)].isArray {
                for element in try children(of: array) { try apply(steps, to: element, from: values) }
            }
        case .wrap(let name): try wrap(root, in: name)
        case .unwrap(let path): try unwrap(root, path)
        case .convert(let path, let conversion):
            for node in try resolve(path.components[...], from: root) { try convert(node, conversion) }
        }
    }

    // MARK: Paths

    /// All that the path leads to.
    private mutating func resolve(
        _ components: ArraySlice<JSONPath.Component>, from root: Int32
    ) throws(JSONFailure) -> [Int32] {
        var current = [root]
        for component in components {
            var next: [Int32] = []
            for node in current { try collect(component, of: node, into: &next) }
            current = next
        }
        return current
    }

    private mutating func collect(
        _ component: JSONPath.Component, of node: Int32, into list: inout [Int32]
    ) throws(JSONFailure) {
        let isArray = nodes[Int(node)].isArray
        var found = JSONNode.none
        switch component {
        case .member(let name):
            if isArray {
                for element in try children(of: node) where nodes[Int(element)].isObject {
                    try collect(component, of: element, into: &list)
                }
            } else {
                found = try member(name, of: node)
            }
        case .number(let index, let name):
            found = isArray ? try element(index, of: node) : try member(name, of: node)
        case .elements: if isArray { list += try children(of: node) }
        case .all: list += try children(of: node)
        }
        if found != JSONNode.none { list.append(found) }
    }

    /// The one node that a path without wildcards leads to.
    private mutating func follow(
        _ components: ArraySlice<JSONPath.Component>, from root: Int32
    ) throws(JSONFailure) -> Int32 {
        var node = root
        for component in components {
            guard node != JSONNode.none else { return node }
            switch component {
            case .member(let name): node = try member(name, of: node)
            case .number(let index, let name):
                node = nodes[Int(node)].isArray ? try element(index, of: node) : try member(name, of: node)
            case .elements, .all: return JSONNode.none
            }
        }
        return node
    }

    // MARK: Putting

    /// Puts the value, which is in the storage, wherever the path leads.
    private mutating func put(
        _ value: Range<Int>, at path: ArraySlice<JSONPath.Component>, in node: Int32, onlyIfMissing: Bool
    ) throws(JSONFailure) {
        guard let first = path.first else {
            if onlyIfMissing, !nodes[Int(node)].isNull { return }
            return replaceValue(of: node, by: try make(value))
        }
        let rest = path.dropFirst()
        if nodes[Int(node)].isNull, !first.isWildcard, nodes[Int(node)].parent != JSONNode.none {
            replaceValue(of: node, by: try make("{}"))
        }
        let isArray = nodes[Int(node)].isArray
        switch first {
        case .member where isArray:
            for element in try children(of: node) where nodes[Int(element)].isObject {
                try put(value, at: path, in: element, onlyIfMissing: onlyIfMissing)
            }
        case .number(let index, _) where isArray:
            let element = try element(index, of: node)
            if element != JSONNode.none { try put(value, at: rest, in: element, onlyIfMissing: onlyIfMissing) }
        case .member(let name), .number(_, let name):
            guard nodes[Int(node)].isObject else { return }
            var child = try member(name, of: node)
            if child == JSONNode.none {
                guard !rest.contains(where: \.isWildcard) else { return }
                child = try make("null")
                rename(child, to: name)
                append(child, to: node)
            }
            try put(value, at: rest, in: child, onlyIfMissing: onlyIfMissing)
        case .elements where !isArray: return
        case .elements, .all:
            for child in try children(of: node) { try put(value, at: rest, in: child, onlyIfMissing: onlyIfMissing) }
        }
    }

    // MARK: Taking away

    private mutating func remove(_ component: JSONPath.Component, of parent: Int32) throws(JSONFailure) {
        var found: [Int32] = []
        try collect(component, of: parent, into: &found)
        for node in found { unlink(node) }
    }

    private mutating func rename(
        _ component: JSONPath.Component, of parent: Int32, to name: [UInt8]
    ) throws(JSONFailure) {
        var found: [Int32] = []
        try collect(component, of: parent, into: &found)
        for node in found {
            let object = nodes[Int(node)].parent
            guard object != JSONNode.none, nodes[Int(object)].isObject else { continue }
            let other = try member(name, of: object)
            if other == node { continue }
            if other != JSONNode.none { unlink(other) }
            rename(node, to: name)
        }
    }

    /// Whether anything of the node stays; what does not is removed by the caller.
    private mutating func keep(
        _ selection: JSONSelection, in node: Int32, isRoot: Bool = false
    ) throws(JSONFailure) -> Bool {
        if selection.isWhole { return true }
        guard nodes[Int(node)].isContainer else { return isRoot }
        if nodes[Int(node)].isArray {
            let inner = selection.all.first ?? selection
            try filter(node) { tree, element throws(JSONFailure) in try tree.keep(inner, in: element) }
            return true
        }
        for named in selection.members { _ = try member(named.name, of: node) }
        try filter(node) { tree, child throws(JSONFailure) in
            let named = selection.members.first { tree.isNamed(child, $0.name) }?.inner
            guard let inner = named ?? selection.all.first else { return false }
            return try tree.keep(inner, in: child)
        }
        return true
    }

    // MARK: Moving

    private mutating func transfer(
        _ from: JSONPath, _ to: JSONPath, _ root: Int32, isCopy: Bool
    ) throws(JSONFailure) {
        let (common, source) = from.split
        guard to.components.count > common.count, !source.isEmpty else { return }
        let target = to.components[common.count...]
        for base in try resolve(common[...], from: root) {
            if nodes[Int(base)].isArray, case .member? = source.first {
                for element in try children(of: base) { try transfer(source[...], target, in: element, isCopy: isCopy) }
            } else {
                try transfer(source[...], target, in: base, isCopy: isCopy)
            }
        }
    }

    private mutating func transfer(
        _ source: ArraySlice<JSONPath.Component>, _ target: ArraySlice<JSONPath.Component>, in base: Int32,
        isCopy: Bool
    ) throws(JSONFailure) {
        let node = try follow(source, from: base)
        guard node != JSONNode.none, node != base else { return }
        guard isCopy || nodes[Int(node)].parent != JSONNode.none else { return }
        guard try canPlace(target, in: base) else { return }
        let value = isCopy ? try duplicate(node) : try takeValue(of: node)
        if !isCopy { unlink(node) }
        try place(value, at: target, in: base)
    }

    /// Whether nothing but objects stands on the way, as far as anything does.
    private mutating func canPlace(
        _ target: ArraySlice<JSONPath.Component>, in base: Int32
    ) throws(JSONFailure) -> Bool {
        var node = base
        for component in target {
            if nodes[Int(node)].isNull, node != base { return true }
            let isIndex = if case .number = component { nodes[Int(node)].isArray } else { false }
            guard nodes[Int(node)].isObject || isIndex else { return false }
            let next = try follow([component], from: node)
            if next == JSONNode.none { return !isIndex }
            node = next
        }
        return true
    }

    private mutating func place(
        _ value: Int32, at target: ArraySlice<JSONPath.Component>, in base: Int32
    ) throws(JSONFailure) {
        var node = base
        for component in target {
            if nodes[Int(node)].isNull { replaceValue(of: node, by: try make("{}")) }
            var next = try follow([component], from: node)
            if next == JSONNode.none {
                guard case .member(let name) = component.asMember, nodes[Int(node)].isObject else { return }
                next = try make("null")
                rename(next, to: name)
                append(next, to: node)
            }
            node = next
        }
        replaceValue(of: node, by: value)
    }

    /// The same value once more.
    private mutating func duplicate(_ node: Int32) throws(JSONFailure) -> Int32 {
        var text: [UInt8] = []
        try write(node, to: &text, atMost: Self.mostNewBytes)
        let start = storage.count
        guard start + text.count <= Self.mostNewBytes else { throw JSONFailure("would grow too long", at: 0) }
        storage += text
        return try make(start..<storage.count)
    }

    private static let mostNewBytes = 64 << 20

    // MARK: The whole

    private mutating func wrap(_ root: Int32, in name: [UInt8]) throws(JSONFailure) {
        let inner = try takeValue(of: root)
        let outer = try make("{}")
        nodes[Int(outer)].flags.insert(.isExpanded)
        rename(inner, to: name)
        append(inner, to: outer)
        replaceValue(of: root, by: outer)
        markChanged(root)
    }

    private mutating func unwrap(_ root: Int32, _ path: JSONPath) throws(JSONFailure) {
        let node = try follow(path.components[...], from: root)
        guard node != JSONNode.none, node != root else { return }
        let value = try takeValue(of: node)
        replaceValue(of: root, by: value)
    }

    private mutating func convert(_ node: Int32, _ conversion: JSONConversion) throws(JSONFailure) {
        let (kind, value) = (nodes[Int(node)].kind, bytes(of: node))
        let isText = kind == UInt8(ascii: "\"")
        switch conversion {
        case .string:
            guard kind == JSONNode.number || kind == UInt8(ascii: "t") || kind == UInt8(ascii: "f") else { return }
            let text = text(value)
            replaceValue(of: node, by: try store([UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")]))
        case .number:
            guard isText else { return }
            let text = Array(text(value).dropFirst().dropLast())
            guard text.withUnsafeBufferPointer(JSONScanner.isNumber) else { return }
            replaceValue(of: node, by: try store(text))
        case .boolean:
            switch String(decoding: text(value), as: UTF8.self) {
            case "1", "\"1\"", "\"true\"": replaceValue(of: node, by: try make("true"))
            case "0", "\"0\"", "\"false\"": replaceValue(of: node, by: try make("false"))
            default: break
            }
        case .array:
            guard !nodes[Int(node)].isArray else { return }
            if nodes[Int(node)].isNull { return replaceValue(of: node, by: try make("[]")) }
            let inner = try takeValue(of: node)
            let outer = try make("[]")
            nodes[Int(outer)].flags.insert(.isExpanded)
            append(inner, to: outer)
            replaceValue(of: node, by: outer)
            markChanged(node)
        }
    }

    private func text(_ value: (isNew: Bool, range: Range<Int>)) -> [UInt8] {
        withBytes(isNew: value.isNew) { Array($0[value.range]) }
    }

    private mutating func store(_ text: [UInt8]) throws(JSONFailure) -> Int32 {
        let start = storage.count
        storage += text
        return try make(start..<storage.count)
    }
}

extension JSONPath.Component {
    /// In an object digits are a name.
    fileprivate var asMember: JSONPath.Component {
        if case .number(_, let name) = self { .member(name) } else { self }
    }
}
