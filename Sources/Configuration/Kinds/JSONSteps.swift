import Policies

/// `json` of `request` and `response`: a list of steps such as `{ rename: { fullName: name } }`.
extension Kind where Value == [JSONStep] {
    static func jsonSteps(in scope: RequestScope) -> Kind {
        steps(in: scope, depth: 0)
    }

    /// `map` holds steps again.
    private static func steps(in scope: RequestScope, depth: Int) -> Kind {
        Kind(
            noun: "a list of steps such as { rename: { fullName: name } }",
            schema: { drawing in
                ["type": "array", "items": depth == 0 ? step(in: scope, depth: 0).schema(drawing) : ["type": "object"]]
            },
            read: { reader, noun in
                guard case .list(let items) = reader.node.content else {
                    reader.reportKind(expected: noun)
                    return nil
                }
                let step = step(in: scope, depth: depth)
                let groups = items.indices.compactMap { step.read(reader.itemReader($0)) }
                return groups.count == items.count ? groups.flatMap { $0 } : nil
            })
    }

    /// One entry of the list; several keys are several steps, in the order of the documentation.
    private static func step(in scope: RequestScope, depth: Int) -> Kind {
        .section("json_step", "a step such as { rename: { fullName: name } } or { remove: [internal] }") { section in
            var steps: [JSONStep] = []
            let value = Kind<JSONTemplate>.jsonTemplate(in: scope)
            for (path, value) in section.value(
                "set", .byPath(value), default: [], "Values by path; missing objects on the way are made.")
            {
                steps.append(.set(path, value))
            }
            for (path, value) in section.value(
                "default", .byPath(value), default: [], "Values by path, where there is nothing or null.")
            {
                steps.append(.fallback(path, value))
            }
            for path in section.value("remove", .oneOrMany(.jsonPath), default: [], "Paths of what goes.") {
                steps.append(.remove(path))
            }
            for (path, name) in section.value(
                "rename", .byPath(.memberName), default: [], "New names by path; the member stays where it is.")
            {
                steps.append(.rename(path, to: Array(name.utf8)))
            }
            for (from, to) in section.value(
                "move", .byPath(.jsonPath).checkedPairs, default: [],
                "New paths by path; wildcards are the same in both.")
            {
                steps.append(.move(from: from, to: to))
            }
            for (from, to) in section.value(
                "copy", .byPath(.jsonPath).checkedPairs, default: [], "The same, and what was there stays.")
            {
                steps.append(.copy(from: from, to: to))
            }
            if let kept = section.optional(
                "keep", .oneOrMany(.jsonPath), "Paths of all that stays, in an array of each element.")
            {
                steps.append(.keep(JSONSelection(kept)))
            }
            if depth < 8 {
                for (path, inner) in section.value(
                    "map", .byPath(Self.steps(in: scope, depth: depth + 1)), default: [],
                    "Steps by the path of an array; each element is a body to them.")
                {
                    steps.append(.map(path, inner))
                }
            }
            if let path = section.optional("unwrap", .jsonPath, "What stands there becomes the body.") {
                steps.append(.unwrap(path))
            }
            if let name = section.optional("wrap", .memberName, "The body becomes this member of an object.") {
                steps.append(.wrap(Array(name.utf8)))
            }
            for conversion in JSONConversion.allCases {
                for path in section.value(
                    conversion.rawValue, .oneOrMany(.jsonPath), default: [],
                    "Paths of what becomes \(conversion == .array ? "an array" : "a \(conversion.rawValue)"), where it can."
                ) {
                    steps.append(.convert(path, conversion))
                }
            }
            if case .mapping(let entries) = section.reader.node.content, entries.isEmpty {
                section.reader.report(
                    "a step that does nothing",
                    hint:
                        "steps: set, default, remove, rename, move, copy, keep, map, unwrap, wrap, string, number, boolean, array"
                )
                return nil
            }
            return steps
        }
    }
}

extension Kind where Value == JSONPath {
    static var jsonPath: Kind {
        Kind<String>.text("a path such as address.zip, items[].price or /items/0").map { text, reader in
            do throws(TemplateProblem) {
                return try JSONPath(text)
            } catch {
                reader.reportTemplate(error)
                return nil
            }
        }
    }
}

extension Kind where Value == String {
    /// The name of a member, no path.
    fileprivate static var memberName: Kind {
        Kind<String>.text("the name of a member").map { text, reader in
            guard !text.contains(where: { ".[]/".contains($0) }) else {
                reader.reportValue("\(quoted(text)) is a path, but a name is expected")
                return nil
            }
            return text
        }
    }
}

extension Kind {
    /// A mapping from paths to values.
    fileprivate static func byPath<Item>(_ item: Kind<Item>) -> Kind where Value == [(JSONPath, Item)] {
        .entries(noun: "a mapping from paths to values, such as { address.zip: postcode }", schema: item.schema) {
            entry, reader in
            let path = Kind<JSONPath>.jsonPath.read(reader.ofKey(entry))
            guard let value = item.read(reader), let path else { return nil }
            return (path, value)
        }
    }
}

extension Kind where Value == [(JSONPath, JSONPath)] {
    /// Both ends of a move: the same up to the last wildcard, and none within the other.
    fileprivate var checkedPairs: Kind {
        map { pairs, reader in
            for (from, to) in pairs {
                let common = from.split.common
                guard to.components.starts(with: common),
                    !to.components.dropFirst(common.count).contains(where: \.isWildcard)
                else {
                    reader.report(
                        "\(quoted(from.text)) and \(quoted(to.text)) differ before their last wildcard",
                        hint: "both begin the same way, as in { items[].a.b: items[].c }")
                    return nil
                }
                guard !from.components.isEmpty, !to.components.starts(with: from.components) else {
                    reader.report(
                        "\(quoted(to.text)) lies within \(quoted(from.text))", hint: "move it beside, and then rename")
                    return nil
                }
                if from.split.own.isEmpty || to.components.count == common.count {
                    reader.report(
                        "\(quoted(from.text)) ends in a wildcard",
                        hint: "name the member, as in { items[].a: items[].b }")
                    return nil
                }
            }
            return pairs
        }
    }
}
