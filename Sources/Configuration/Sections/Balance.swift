import Policies

/// `balance` of an upstream: `least_requests`, or `hash: ip`, or `hash: { header: X-User }`.
extension Kind where Value == BalanceMethod {
    static var balanceMethod: Kind {
        let words = Kind.choice([
            "round_robin": .roundRobin, "least_requests": .leastRequests, "random_two": .randomTwo,
        ])
        let hash = Kind.section("hash", "{ hash: ip | consumer | header:NAME | cookie:NAME }") { section in
            let source = section.required(
                "hash", .hashSource, "What requests are told apart by; equals share a target.")
            return source.map(BalanceMethod.hash)
        }
        let noun = "round_robin, least_requests, random_two, or \(hash.noun)"
        return Kind(
            noun: noun,
            schema: { drawing in ["anyOf": [words.schema(drawing), hash.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return hash.read(reader) }
                return words.described(as: noun).read(reader)
            }, write: words.write)
    }
}

extension Kind where Value == BalanceMethod.HashSource {
    static var hashSource: Kind {
        subject(
            ["ip": .ip, "consumer": .consumer],
            named: [
                "header": { isToken($0) ? .header($0) : nil }, "cookie": { isToken($0) ? .cookie($0) : nil },
            ])
    }
}

extension Kind {
    /// What a request is told apart by: a word, or `kind:NAME`, which may be written `{ kind: NAME }` too.
    static func subject(
        _ words: KeyValuePairs<String, Value>, named: KeyValuePairs<String, @Sendable (String) -> Value?>
    ) -> Kind {
        let words = words.map { ($0.key, $0.value) }
        let named = named.map { ($0.key, $0.value) }
        let all = words.map(\.0) + named.map { "\($0.0):NAME" }
        let noun = "one of \(all.joined(separator: ", "))"
        let text = Kind.scalar(
            noun,
            schema: .pattern(
                "^(\(words.map(\.0).joined(separator: "|"))|(\(named.map(\.0).joined(separator: "|"))):.+)$")
        ) { text throws(ScalarProblem) in
            if let word = words.first(where: { $0.0 == text.value }) { return word.1 }
            let parts = text.value.split(separator: ":", maxSplits: 1).map(String.init)
            if parts.count == 2, let make = named.first(where: { $0.0 == parts[0] })?.1, let value = make(parts[1]) {
                return value
            }
            let near = NearestName.of(parts.first ?? "", among: words.map(\.0) + named.map(\.0))
            let suggestion = near.map { near in
                words.contains { $0.0 == near } ? near : "\(near):\(parts.count == 2 ? parts[1] : "NAME")"
            }
            throw .expected(suggestion: suggestion == text.value ? nil : suggestion)
        }
        return Kind(
            noun: noun,
            schema: { drawing in
                let properties = named.map { (key: $0.0, value: Kind<String>.text("").schema(drawing)) }
                let mapping: JSON = [
                    "type": "object", "properties": .object(properties), "additionalProperties": false,
                    "minProperties": 1, "maxProperties": 1,
                ]
                return ["anyOf": [text.schema(drawing), mapping]]
            },
            read: { reader, noun in
                guard case .mapping(let entries) = reader.node.content else { return text.read(reader) }
                guard entries.count == 1, let make = named.first(where: { $0.0 == entries[0].key })?.1 else {
                    reader.report(
                        "expected \(noun)", hint: "a mapping here has one key, such as { \(named[0].0): NAME }")
                    return nil
                }
                let name = Kind<String>.text("a name")
                return name.map { name, reader in
                    guard let value = make(name) else {
                        reader.report("\(quoted(name)) cannot be the name of a \(entries[0].key)")
                        return nil
                    }
                    return value
                }.read(reader.entry(entries[0]))
            })
    }
}
