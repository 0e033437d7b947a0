/// Texts, names and choices.
extension Kind where Value == String {
    /// Any text, but not the empty one.
    static func text(_ noun: String) -> Kind {
        .scalar(noun, schema: ["type": ["string", "number", "boolean"]], write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard !text.value.isEmpty else { throw .expected() }
            return text.value
        }
    }

    /// A name of the user's own: it becomes part of Redis keys, metrics and logs, so its letters are few.
    static func name(_ noun: String) -> Kind {
        .scalar(
            "\(noun): 1 to 100 letters, digits, \"_\", \"-\" or \".\"", schema: .pattern("^[A-Za-z0-9_.-]{1,100}$"),
            write: { .string($0) }
        ) { text throws(ScalarProblem) in
            guard (1...100).contains(text.value.utf8.count), text.value.utf8.allSatisfy(isNameByte) else {
                throw .expected()
            }
            return text.value
        }
    }

    /// The name of something that is configured elsewhere; whether it exists is checked when all is read.
    static func reference(to namespace: Namespace) -> Kind {
        .text("the name of \(namespace.article) \(namespace.noun)").map { name, reader in
            reader.context.refer(to: name, in: namespace, at: reader)
            return name
        }
    }

    /// A token of RFC 9110 (5.6.2): names of header fields, methods.
    static func token(_ noun: String) -> Kind {
        .scalar(noun, schema: .pattern("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"), write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard isToken(text.value) else { throw .expected() }
            return text.value
        }
    }
}

/// RFC 9110, 5.6.2.
func isToken(_ text: some StringProtocol) -> Bool {
    let marks = "!#$%&'*+-.^_`|~".utf8
    return !text.isEmpty
        && text.utf8.allSatisfy { marks.contains($0) || (isNameByte($0) && $0 != UInt8(ascii: ".")) }
}

extension Kind {
    /// One of a few words. `later`: words of a later version.
    static func choice(_ words: KeyValuePairs<String, Value>, later: [String] = []) -> Kind where Value: Equatable {
        let names = words.map(\.key)
        let noun = names.count == 1 ? quoted(names[0]) : "one of \(names.joined(separator: ", "))"
        let schema: JSON = ["anyOf": [["enum": .list(names.map { .string($0) })], .variableReference]]
        let write: @Sendable (Value) -> JSON = { [pairs = words.map { ($0.key, $0.value) }] value in
            .string(pairs.first { $0.1 == value }?.0 ?? "")
        }
        return .scalar(noun, schema: schema, write: write) {
            [pairs = words.map { ($0.key, $0.value) }] text
                throws(ScalarProblem) in
            if let found = pairs.first(where: { $0.0 == text.value }) { return found.1 }
            if later.contains(text.value) { throw .notYet }
            throw .expected(suggestion: NearestName.of(text.value, among: pairs.map(\.0)))
        }
    }

    /// Reads the one word itself, and everything else as `other`; such as `off`, or `none`.
    static func word(_ word: String, _ value: Value, or other: Kind) -> Kind {
        Kind(
            noun: "\(word) or \(other.noun)",
            schema: { drawing in ["anyOf": [["const": .string(word)], other.schema(drawing)]] },
            read: { reader, noun in
                if reader.isWord(word) { return value }
                return other.described(as: noun).read(reader)
            }, write: other.write)
    }
}

extension Kind where Value == Bool {
    /// `true` or `false`; the other words that YAML has had for them are mistakes in one version or another.
    static var boolean: Kind {
        let schema: JSON = ["anyOf": [["type": "boolean"], .variableReference]]
        return .scalar("true or false", schema: schema, write: { .boolean($0) }) { text throws(ScalarProblem) in
            switch text.value {
            case "true": return true
            case "false": return false
            case "yes", "on", "True", "TRUE": throw .expected(suggestion: "true")
            case "no", "off", "False", "FALSE": throw .expected(suggestion: "false")
            default: throw .expected()
            }
        }
    }
}
