/// The JSON Schema (draft 2020-12) of the configuration, as `sluice schema` prints it for editors.
///
/// It is drawn by the functions that read the configuration, so the two cannot drift apart.
package enum JSONSchema {
    package static let text: String = {
        let drawing = SchemaDrawing()
        let root = GatewayConfiguration.kind.schema(drawing)
        let pairs: [(key: String, value: JSON)] = [
            ("$schema", "https://json-schema.org/draft/2020-12/schema"),
            ("title", "Sluice configuration"),
            ("allOf", .list([root])),
            ("$defs", .object(drawing.definitions)),
        ]
        return JSON.object(pairs).text() + "\n"
    }()
}

/// Collects the definitions that a schema refers to.
final class SchemaDrawing {
    private(set) var definitions: [(key: String, value: JSON)] = []
    private var drawn: Set<String> = []

    /// A reference to the definition of a section, which is drawn the first time.
    func definition(_ name: String, doc: String, ask: (SectionReader) -> Void) -> JSON {
        if drawn.insert(name).inserted {
            let section = SectionDrawing(self)
            let empty = ConfigurationNode(place: Place(line: 1, column: 1), content: .mapping([]))
            let context = ReadingContext(file: "", environment: [:], readFile: { _ in [] })
            ask(SectionReader(NodeReader(node: empty, path: nil, context: context), drawing: section))
            definitions.append((name, section.schema(doc: doc)))
        }
        return ["$ref": .string("#/$defs/\(name)")]
    }
}

/// The keys of one section, as they are asked for.
final class SectionDrawing {
    private let drawing: SchemaDrawing
    private var properties: [(key: String, value: JSON)] = []
    private var required: [JSON] = []

    init(_ drawing: SchemaDrawing) { self.drawing = drawing }

    func add<Value>(_ name: String, _ kind: Kind<Value>, _ doc: String, isRequired: Bool, default: JSON?) {
        guard case .object(var schema) = kind.schema(drawing) else { return }
        schema.append(("description", .string(doc)))
        if let `default` { schema.append(("default", `default`)) }
        properties.append((name, .object(schema)))
        if isRequired { required.append(.string(name)) }
    }

    func schema(doc: String) -> JSON {
        var pairs: [(key: String, value: JSON)] = [
            ("type", "object"), ("description", .string(doc)), ("properties", .object(properties)),
            ("additionalProperties", false),
        ]
        if !required.isEmpty { pairs.append(("required", .list(required))) }
        return .object(pairs)
    }
}
