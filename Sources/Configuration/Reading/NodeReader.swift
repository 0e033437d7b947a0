/// One value of the file on its way to a Swift value: knows where it stands and where problems go.
struct NodeReader {
    let node: ConfigurationNode
    let path: NodePath?
    let context: ReadingContext

    /// A scalar after interpolation.
    struct Text {
        let value: String
        /// What messages show: the text as written, because a variable may hold a secret.
        let written: String
        let isQuoted: Bool
        var isInterpolated: Bool { value != written }
    }

    func report(_ message: String, hint: String? = nil) {
        context.report(message, hint: hint, at: node.place, path: path)
    }

    /// Why a value cannot be used, in words that quote it; what a variable put there is not told.
    func reportValue(_ reason: String) {
        report(isInterpolated ? "\(quoted(written)): what the variable holds cannot be used here" : reason)
    }

    /// The scalar before interpolation.
    var written: String { if case .scalar(let text, _) = node.content { text } else { "" } }

    var isInterpolated: Bool { !isWord(written) }

    /// A feature or value that a later version of Sluice will understand.
    func reportNotYet(_ what: String? = nil) {
        let subject = what.map { "\($0) is " } ?? ""
        context.report(
            "\(subject)not supported by this version of sluice yet", hint: "remove it", kind: .notYet, at: node.place,
            path: path)
    }

    func reportKind(expected: String) {
        if case .empty = node.content {
            report("expected \(expected), but there is no value", hint: "give it a value or remove the key")
        } else {
            report("expected \(expected), found \(node.noun)")
        }
    }

    /// The scalar with its variables replaced; nil when there is none, which is then reported.
    func text(expected: String) -> Text? {
        guard case .scalar(let written, let isQuoted) = node.content else {
            reportKind(expected: expected)
            return nil
        }
        guard written.utf8.contains(UInt8(ascii: "$")) else {
            return Text(value: written, written: written, isQuoted: isQuoted)
        }
        do throws(Interpolation.Problem) {
            let value = try Interpolation.expand(written, environment: context.environment)
            return Text(value: value, written: written, isQuoted: isQuoted)
        } catch {
            switch error {
            case .unset(let name):
                context.report(
                    "the environment variable \(name) is not set", hint: "set it, or write ${\(name):-default}",
                    kind: .elsewhere, at: node.place, path: path)
            case .malformed:
                report("malformed variable", hint: "write ${NAME} or ${NAME:-default}, and $${ for a literal ${")
            }
            return nil
        }
    }

    /// Whether the value is just this word, after interpolation.
    func isWord(_ word: String) -> Bool {
        guard case .scalar(let written, _) = node.content else { return false }
        return (try? Interpolation.expand(written, environment: context.environment)) == word
    }

    func item(_ item: ConfigurationNode, at index: Int) -> NodeReader {
        NodeReader(node: item, path: .index(index, in: path), context: context)
    }

    func entry(_ entry: ConfigurationNode.Entry) -> NodeReader {
        NodeReader(node: entry.value, path: .key(entry.key, in: path), context: context)
    }
}
