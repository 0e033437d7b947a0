/// JSON as it is written in code: `["nodes": 3, "names": ["a", "b"]]`.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// A literal with a name twice is a mistake of the program.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(members: elements.map { ($0.0, $0.1) })
    }

    /// Of names that are different; where they are not, the first one counts.
    package init(members: [(String, JSONValue)]) {
        var seen: Set<String> = []
        let unique = members.filter { seen.insert($0.0).inserted }.map { JSONObject.Member($0.0, $0.1) }
        self = .object(JSONObject(unique) ?? JSONObject())
    }

    package static func integer(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }

    /// With three decimals at most; null for what is no number.
    package static func decimal(_ value: Double) -> JSONValue {
        guard value.isFinite, value.magnitude < 1e12 else { return .null }
        let thousandths = Int((value.magnitude * 1000).rounded())
        let sign = value < 0 && thousandths > 0 ? "-" : ""
        let digits = String(1000 + thousandths % 1000).dropFirst()
        let text = thousandths % 1000 == 0 ? "" : ".\(digits)"
        return JSONNumber("\(sign)\(thousandths / 1000)\(text)").map { .number($0) } ?? .null
    }
}

extension JSONValue? {
    /// Null where there is none.
    package var orNull: JSONValue { self ?? .null }
}
