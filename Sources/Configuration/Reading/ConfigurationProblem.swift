/// One thing that is wrong with a configuration: where, what, and what to do about it.
package struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        /// A mistake in the file.
        case invalid
        /// A feature of Sluice that this version does not have yet.
        case notYet
        /// It depends on the host: a variable that is not set here, or a file that can't be read here.
        case elsewhere
    }

    package let kind: Kind
    package let file: String
    package let line: Int
    package let column: Int
    /// Such as `routes[2].limit[0].rates[1]`; empty at the top of the file.
    package let path: String
    package let message: String
    /// What to do, where that is known.
    package let hint: String?

    package var description: String {
        let subject = path.isEmpty ? "" : " \(path):"
        let advice = hint.map { "; \($0)" } ?? ""
        return "\(file):\(line):\(column):\(subject) \(message)\(advice)"
    }
}

/// All the problems of a configuration at once, sorted by place; thrown instead of a configuration.
package struct InvalidConfiguration: Error, Sendable, CustomStringConvertible {
    /// Sorted by place, without repetitions; at least one.
    package let problems: [ConfigurationProblem]
    /// Problems beyond the ones kept.
    package let uncounted: Int
    /// Where secrets stand in the text itself, as far as it was read.
    package var inlineSecrets: [String] = []

    /// How many problems `description` prints.
    package static let printed = 100

    package var description: String {
        var lines = problems.prefix(Self.printed).map(\.description)
        let more = problems.count - lines.count + uncounted
        if more > 0 { lines.append("and \(more) more") }
        return lines.joined(separator: "\n")
    }
}

/// A text of the user's, made fit to be printed in a message: quoted, short, without control characters.
func quoted(_ text: String) -> String {
    let limit = 60
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        switch scalar {
        case "\n": shown += "\\n"
        case "\t": shown += "\\t"
        case "\"", "\\": shown += "\\\(scalar)"
        default:
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
            shown += isControl ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
    }
    return "\"\(shown)\(text.unicodeScalars.count > limit ? "…" : "")\""
}
