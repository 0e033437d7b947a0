/// How values of one kind are read, described in the JSON Schema, and named in messages: one declaration for all three.
struct Kind<Value: Sendable>: Sendable {
    /// What is expected, as in "expected a duration such as 250ms".
    let noun: String
    let schema: @Sendable (SchemaDrawing) -> JSON
    /// How a default is shown in the JSON Schema.
    let write: (@Sendable (Value) -> JSON)?
    private let readExpecting: @Sendable (NodeReader, _ noun: String) -> Value?

    /// `read` gets what messages shall call the kind, which may be part of a larger one.
    init(
        noun: String, schema: @escaping @Sendable (SchemaDrawing) -> JSON,
        read: @escaping @Sendable (NodeReader, _ noun: String) -> Value?, write: (@Sendable (Value) -> JSON)? = nil
    ) {
        self.noun = noun
        self.schema = schema
        self.readExpecting = read
        self.write = write
    }

    /// Nil: not valid, and reported.
    func read(_ reader: NodeReader) -> Value? { readExpecting(reader, noun) }

    /// The same reading with a further step, which reports what it rejects.
    func map<Other>(_ transform: @escaping @Sendable (Value, NodeReader) -> Other?) -> Kind<Other> {
        Kind<Other>(noun: noun, schema: schema) { [readExpecting] reader, noun in
            readExpecting(reader, noun).flatMap { transform($0, reader) }
        }
    }

    /// The same kind as one of several that a value may be of, which messages shall name all.
    func described(as noun: String) -> Kind {
        Kind(noun: noun, schema: schema, read: readExpecting, write: write)
    }
}

/// Why a scalar cannot be read.
enum ScalarProblem: Error {
    /// It is not of the kind; perhaps this was meant.
    case expected(String? = nil, suggestion: String? = nil)
    case notYet
}

extension Kind {
    /// A kind that is one text, number or word.
    ///
    /// - Parameter type: the JSON type of the written form, for the schema; a `${VAR}` is allowed besides.
    static func scalar(
        _ noun: String, schema: JSON, write: (@Sendable (Value) -> JSON)? = nil,
        parse: @escaping @Sendable (NodeReader.Text) throws(ScalarProblem) -> Value
    ) -> Kind {
        Kind(
            noun: noun, schema: { _ in schema },
            read: { reader, noun in
                guard let text = reader.text(expected: noun) else { return nil }
                do throws(ScalarProblem) {
                    return try parse(text)
                } catch {
                    report(error, text, expected: noun, reader)
                    return nil
                }
            }, write: write)
    }

    private static func report(
        _ problem: ScalarProblem, _ text: NodeReader.Text, expected noun: String, _ reader: NodeReader
    ) {
        switch problem {
        case .expected(let other, let suggestion):
            // After interpolation a suggestion would show what the variable holds.
            let hint = text.isInterpolated ? nil : suggestion.map { "did you mean \(quoted($0))?" }
            reader.report("\(quoted(text.written)): expected \(other ?? noun)", hint: hint)
        case .notYet:
            reader.reportNotYet(quoted(text.written))
        }
    }

    /// A mapping with known keys. `read` asks for every key and reports what does not fit together.
    static func section(
        _ name: String, _ noun: String, read: @escaping @Sendable (SectionReader) -> Value?
    ) -> Kind {
        Kind(
            noun: noun,
            schema: { drawing in
                drawing.definition(name, doc: noun) { section in _ = read(section) }
            },
            read: { reader, noun in
                guard case .mapping = reader.node.content else {
                    reader.reportKind(expected: noun)
                    return nil
                }
                let section = SectionReader(reader)
                let value = read(section)
                section.reportUnknownKeys()
                return value
            })
    }
}
