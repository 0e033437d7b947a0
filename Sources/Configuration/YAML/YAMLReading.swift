import Yams

/// Text → `ConfigurationNode`: the only file that knows Yams.
///
/// Bounded against hostile aliases: a file may expand to at most `extraNodes` more values than it has bytes.
enum YAMLReading {
    /// The largest configuration that is read; 10,000 routes take about 3 MiB.
    static let maximumBytes = 16 << 20
    private static let extraNodes = 1_000_000

    /// The problems do not stop the reading: duplicate and odd keys are reported and left out.
    static func read(_ text: String, problems: inout [YAMLProblem]) throws(YAMLProblem) -> ConfigurationNode? {
        guard !AliasBounds.couldExplode(text) else {
            throw YAMLProblem(
                place: Place(line: 1, column: 1),
                message: "aliases are nested too deeply for a file with keys that are lists or mappings",
                hint: "write keys as plain text")
        }
        guard let root = try compose(text) else { return nil }
        var tree = TreeBuilder(nodesLeft: text.utf8.count + extraNodes)
        let node = try tree.build(root)
        problems += tree.problems
        return node
    }

    private static func compose(_ text: String) throws(YAMLProblem) -> Node? {
        do {
            // `.basic`: every plain scalar stays text; what it means is decided by the key it stands at.
            return try Yams.compose(yaml: text, .basic, .default, .utf8)
        } catch let error as YamlError {
            throw problem(error)
        } catch {
            throw YAMLProblem(place: Place(line: 1, column: 1), message: "not valid YAML")
        }
    }

    /// Yams' own descriptions quote the line, which may hold a secret; these do not.
    private static func problem(_ error: YamlError) -> YAMLProblem {
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let detail = [problem, context?.text].compactMap(\.self).joined(separator: " ")
            return YAMLProblem(place: Place(mark), message: "not valid YAML: \(detail)")
        case .duplicatedKeysInMapping(let keys, let context):
            let names = keys.map { quoted($0) }.joined(separator: ", ")
            return YAMLProblem(place: Place(context.mark), message: "duplicate key \(names)", hint: "keep one of them")
        case .reader(let problem, let offset, _, let text):
            let place = Place(of: offset ?? 0, in: text)
            return YAMLProblem(place: place, message: "not valid YAML: \(problem)")
        default:
            return YAMLProblem(place: Place(line: 1, column: 1), message: "not valid YAML")
        }
    }
}

/// Expands aliases and merges, within a budget of nodes.
private struct TreeBuilder {
    var nodesLeft: Int
    var problems: [YAMLProblem] = []

    mutating func build(_ node: Node) throws(YAMLProblem) -> ConfigurationNode {
        let place = node.mark.map(Place.init) ?? Place(line: 1, column: 1)
        nodesLeft -= 1
        guard nodesLeft > 0 else {
            throw YAMLProblem(place: place, message: "aliases expand to too many values", hint: "use fewer aliases")
        }
        checkTag(node.tag.rawValue, at: place)
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(place: place, content: content(of: scalar))
        case .sequence(let sequence):
            var items: [ConfigurationNode] = []
            items.reserveCapacity(sequence.count)
            for item in sequence { items.append(try build(item)) }
            return ConfigurationNode(place: place, content: .list(items))
        case .mapping(let mapping):
            return ConfigurationNode(place: place, content: .mapping(try entries(of: mapping)))
        case .alias:
            // Yams resolves aliases itself and leaves none.
            throw YAMLProblem(place: place, message: "not valid YAML: unresolved alias")
        }
    }

    private func content(of scalar: Node.Scalar) -> ConfigurationNode.Content {
        let isQuoted = scalar.style != .plain && scalar.style != .any
        let isEmpty = !isQuoted && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
        return isEmpty ? .empty : .scalar(scalar.string, isQuoted: isQuoted)
    }

    private mutating func entries(of mapping: Node.Mapping) throws(YAMLProblem) -> [ConfigurationNode.Entry] {
        var own: [ConfigurationNode.Entry] = []
        own.reserveCapacity(mapping.count)
        var merged: [ConfigurationNode.Entry] = []
        for (keyNode, valueNode) in mapping {
            let keyPlace = keyNode.mark.map(Place.init) ?? Place(line: 1, column: 1)
            guard case .scalar(let key) = keyNode else {
                problems.append(YAMLProblem(place: keyPlace, message: "a key must be plain text"))
                continue
            }
            let value = try build(valueNode)
            if key.string == "<<", key.style == .plain {
                merged += mergeable(value)
            } else {
                own.append(.init(key: key.string, keyPlace: keyPlace, value: value))
            }
        }
        guard !merged.isEmpty else { return own }
        // What the mapping says itself wins, then the first of several merged ones (YAML's merge key type).
        var names = Set(own.map(\.key))
        return own + merged.filter { names.insert($0.key).inserted }
    }

    private mutating func mergeable(_ value: ConfigurationNode) -> [ConfigurationNode.Entry] {
        switch value.content {
        case .mapping(let entries): return entries
        case .list(let items):
            return items.flatMap { item -> [ConfigurationNode.Entry] in
                guard case .mapping(let entries) = item.content else {
                    reportMerge(item)
                    return []
                }
                return entries
            }
        case .scalar, .empty:
            reportMerge(value)
            return []
        }
    }

    private mutating func reportMerge(_ value: ConfigurationNode) {
        problems.append(
            YAMLProblem(place: value.place, message: "\"<<\" merges a mapping, but this is \(value.noun)"))
    }

    private mutating func checkTag(_ tag: String, at place: Place) {
        let isPlain = tag.isEmpty || tag == "!" || tag == "tag:yaml.org,2002:str"
        guard !isPlain, !["map", "seq"].contains(where: { tag == "tag:yaml.org,2002:\($0)" }) else { return }
        problems.append(
            YAMLProblem(place: place, message: "YAML tags such as \(quoted(tag)) are not supported", hint: "remove it"))
    }
}

extension Place {
    fileprivate init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }

    /// The place of the n-th character of a text.
    fileprivate init(of offset: Int, in text: String) {
        let before = text.prefix(offset)
        let line = before.count(where: \.isNewline) + 1
        let column = before.reversed().prefix(while: { !$0.isNewline }).count + 1
        self.init(line: line, column: column)
    }
}
