/// A condition on a header or query parameter: present with this value, or matching this regular expression (`~…`).
///
/// A field that comes several times meets the condition when one of its values does.
package struct FieldCondition: Hashable, Sendable {
    package enum Expectation: Hashable, Sendable {
        case literal(String)
        /// The expression without its leading `~`; it compiles.
        case pattern(String)
    }

    /// Why a text is no condition: a sentence for the user, saying what was expected.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    /// Header names compare without regard to case, query parameters exactly.
    package let name: String
    package let expectation: Expectation
    /// The compiled expression; nil for a literal.
    let pattern: TextPattern?

    /// As written in the configuration: `yes`, or `~^[0-9]+$` for a regular expression (see `TextPattern`).
    package init(name: String, text: String) throws(Malformed) {
        self.name = name
        guard text.hasPrefix("~") else {
            expectation = .literal(text)
            pattern = nil
            return
        }
        let expression = String(text.dropFirst())
        do {
            pattern = try TextPattern(expression)
        } catch {
            throw Malformed(reason: "the regular expression \"\(expression)\" cannot be used: \(error.reason)")
        }
        expectation = .pattern(expression)
    }

    /// Whether a header's value, or a query parameter's as it stands, meets the condition.
    package func accepts(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        if let pattern { return value.count <= 4096 && pattern.matches(FieldBytes(header: value)) }
        guard case .literal(let text) = expectation else { return false }
        return value.elementsEqual(text.utf8)
    }

    /// Both cannot hold for a field that comes once: the same name (`fold` makes it comparable) and two different literals.
    func excludes(_ other: FieldCondition, comparing fold: (String) -> String) -> Bool {
        guard case .literal(let mine) = expectation, case .literal(let theirs) = other.expectation else { return false }
        return mine != theirs && fold(name) == fold(other.name)
    }
}
