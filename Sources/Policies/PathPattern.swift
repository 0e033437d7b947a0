/// A route's path as written in the configuration, split into its segments.
package struct PathPattern: Hashable, Sendable {
    package enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
        /// `**`: everything below, also nothing; only as the last segment.
        case rest
    }
    package let text: String
    package let segments: [Segment]

    /// Why a text is no path pattern: a sentence for the user, saying what was expected.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    package init(_ text: String) throws(Malformed) {
        guard text.hasPrefix("/") else { throw Malformed(reason: "a path starts with \"/\"") }
        self.text = text
        self.segments = []
    }
}
