/// A field of a request message, or of a message in it, as templates and query parameters name it: `book.author.name`.
struct FieldPath: Sendable {
    let fields: [Field]

    private static let maximumDepth = 32

    var names: String { fields.map(\.name).joined(separator: ".") }

    /// Nil where `text` names no field of the message `type`, or leads through a list or a map.
    init?(_ text: some StringProtocol, in type: Int, of schema: Schema) {
        var fields: [Field] = []
        var message = schema.messages[type]
        for name in text.split(separator: ".", omittingEmptySubsequences: false) {
            if let last = fields.last {
                guard case .message(let index) = last.kind, !last.isRepeated else { return nil }
                message = schema.messages[index]
            }
            guard fields.count < Self.maximumDepth, let field = message.field(named: String(name)) else { return nil }
            fields.append(field)
        }
        guard !fields.isEmpty else { return nil }
        self.fields = fields
    }

    /// What one text can fill.
    enum Target: Hashable {
        case scalar(Field.Kind)
        case wellKnown(WellKnownType)
    }

    /// Nil for maps and for messages whose JSON is no scalar.
    func target(in schema: Schema) -> Target? {
        guard let last = fields.last, !last.isMap else { return nil }
        guard case .message(let index) = last.kind else { return .scalar(last.kind) }
        switch schema.messages[index].wellKnown {
        case .timestamp: return .wellKnown(.timestamp)
        case .duration: return .wellKnown(.duration)
        case .fieldMask: return .wellKnown(.fieldMask)
        case .wrapper(let kind): return .wellKnown(.wrapper(kind))
        default: return nil
        }
    }
}
