/// Lists, and mappings whose keys the user names.
extension Kind {
    /// A list; all of its entries are read, and it is valid when they are.
    static func list<Item>(_ item: Kind<Item>, noun: String? = nil) -> Kind where Value == [Item] {
        let noun = noun ?? "a list, each entry \(item.noun)"
        return Kind(
            noun: noun,
            schema: { drawing in ["type": "array", "items": item.schema(drawing)] },
            read: { reader, noun in
                guard case .list(let items) = reader.node.content else {
                    reader.reportKind(expected: noun)
                    return nil
                }
                let values = items.indices.compactMap { item.read(reader.itemReader($0)) }
                return values.count == items.count ? values : nil
            }, write: { $0.isEmpty ? [] : .list($0.compactMap { value in item.write?(value) }) })
    }

    /// A list with at least one entry.
    static func nonEmpty<Item>(_ list: Kind<[Item]>) -> Kind where Value == [Item] {
        Kind(
            noun: list.noun, schema: list.schema,
            read: { reader, noun in
                if case .list(let items) = reader.node.content, items.isEmpty {
                    reader.report("expected \(list.noun), found an empty list")
                    return nil
                }
                return list.read(reader)
            }, write: list.write)
    }

    /// A list, or its only entry without the brackets.
    static func oneOrMany<Item>(_ item: Kind<Item>) -> Kind where Value == [Item] {
        let many = nonEmpty(list(item, noun: "\(item.noun), or a list of them"))
        return Kind(
            noun: many.noun,
            schema: { drawing in ["anyOf": [item.schema(drawing), many.schema(drawing)]] },
            read: { reader, noun in
                if case .list = reader.node.content { return many.read(reader) }
                return item.described(as: many.noun).read(reader).map { [$0] }
            }, write: many.write)
    }

    /// A mapping from names to values, which other parts of the file may refer to.
    ///
    /// - Parameter reserved: a name that means something else where it is referred to.
    static func named<Item>(_ item: Kind<Item>, in namespace: Namespace, reserved: String? = nil) -> Kind
    where Value == [String: Item] {
        let name = Kind<String>.name("the name of \(namespace.article) \(namespace.noun)")
        let pairs = Kind<[(String, Item)]>.entries(
            noun: "a mapping from names to \(namespace.rawValue)", schema: item.schema
        ) { key, reader in
            reader.context.define(key.key, in: namespace)
            let isName = name.read(reader.ofKey(key)) != nil
            if key.key == reserved { reader.ofKey(key).report("\(quoted(key.key)) is not free to be a name") }
            guard let value = item.read(reader), isName, key.key != reserved else { return nil }
            return (key.key, value)
        }
        return pairs.map { pairs, _ in Dictionary(pairs, uniquingKeysWith: { first, _ in first }) }
    }

    /// A mapping with keys of the user's choice, in the order of the file. `read` gets each entry and its value's reader.
    static func entries<Item>(
        noun: String, schema: @escaping @Sendable (SchemaDrawing) -> JSON,
        read: @escaping @Sendable (ConfigurationNode.Entry, NodeReader) -> Item?
    ) -> Kind where Value == [Item] {
        Kind(
            noun: noun,
            schema: { drawing in ["type": "object", "additionalProperties": schema(drawing)] },
            read: { reader, noun in
                guard case .mapping(let entries) = reader.node.content else {
                    reader.reportKind(expected: noun)
                    return nil
                }
                return entries.compactMap { read($0, reader.entry($0)) }
            })
    }
}

extension NodeReader {
    /// The reader of an entry of a list; of the value itself where it is no list.
    func itemReader(_ index: Int) -> NodeReader {
        guard case .list(let items) = node.content, items.indices.contains(index) else { return self }
        return item(items[index], at: index)
    }

    /// For problems of an entry's key, which is read as a text; `self` is the reader of the value.
    func ofKey(_ entry: ConfigurationNode.Entry) -> NodeReader {
        let key = ConfigurationNode(place: entry.keyPlace, content: .scalar(entry.key, isQuoted: true))
        return NodeReader(node: key, path: path, context: context)
    }
}
