/// Where something stands in the configuration file; both count from 1.
package struct Place: Hashable, Comparable, Sendable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Place, right: Place) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// The YAML file as a plain tree: aliases expanded, `<<` merged, every value with its place.
struct ConfigurationNode: Sendable {
    let place: Place
    let content: Content

    enum Content: Sendable {
        /// Nothing, `~` or `null`.
        case empty
        case scalar(String, isQuoted: Bool)
        case list([ConfigurationNode])
        case mapping([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let keyPlace: Place
        let value: ConfigurationNode
    }

    /// What a user would call it, for "expected …, found …".
    var noun: String {
        switch content {
        case .empty: "nothing"
        case .scalar: "a single value"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// Why a text is no YAML that a configuration can be read from.
struct YAMLProblem: Error {
    let place: Place
    let message: String
    var hint: String?
}
