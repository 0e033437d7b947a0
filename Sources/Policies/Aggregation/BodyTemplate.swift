/// A JSON value with references in it, as it stands in the configuration.
package indirect enum BodyTemplate: Hashable, Sendable {
    /// JSON text: a number, a truth value or null.
    case literal(String)
    case text(AggregationTemplate)
    case array([BodyTemplate])
    case object([Member])

    package struct Member: Hashable, Sendable {
        package var name: String
        package var value: BodyTemplate

        package init(_ name: String, _ value: BodyTemplate) {
            self.name = name
            self.value = value
        }
    }

    package var references: [AggregationReference] {
        switch self {
        case .literal: []
        case .text(let template): template.references
        case .array(let elements): elements.flatMap(\.references)
        case .object(let members): members.flatMap(\.value.references)
        }
    }
}
