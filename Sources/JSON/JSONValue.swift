/// A JSON text as a read-only tree: what JOSE headers and claims are judged by, and what transcoding reads.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    package var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    package var number: JSONNumber? {
        if case .number(let value) = self { return value }
        return nil
    }

    package var array: [JSONValue]? {
        if case .array(let value) = self { return value }
        return nil
    }

    package var object: JSONObject? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// The value as one line of text for headers and templates; nil for null, arrays and objects.
    package var scalarText: String? {
        switch self {
        case .string(let value): value
        case .number(let value): value.text
        case .bool(let value): value ? "true" : "false"
        case .null, .array, .object: nil
        }
    }

    /// One string, or an array of nothing but strings (how `aud` and `scp` are written); nil for anything else.
    package var stringList: [String]? {
        if let string { return [string] }
        guard let array else { return nil }
        var list: [String] = []
        for element in array {
            guard let string = element.string else { return nil }
            list.append(string)
        }
        return list
    }
}

/// The members of a JSON object, each name once, ordered by the bytes of their names.
package struct JSONObject: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package let name: String
        package let value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package let members: [Member]

    /// Nil where two members have the same name (byte by byte).
    package init?(_ members: [Member]) {
        let sorted = members.sorted { precedes($0.name, $1.name) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where isSameText(left.name, right.name) { return nil }
        self.members = sorted
    }

    package init() {
        self.members = []
    }

    /// These members, and those of `other` whose names are not among them.
    package func joined(with other: JSONObject) -> JSONObject {
        JSONObject(members + other.members.filter { self[$0.name] == nil }) ?? self
    }

    package subscript(name: String) -> JSONValue? {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(members[middle].name, name) { low = middle + 1 } else { high = middle }
        }
        guard low < members.count, isSameText(members[low].name, name) else { return nil }
        return members[low].value
    }
}

/// Names, issuers and audiences are compared byte by byte (RFC 7519 section 2): Swift's `==` on strings would also
/// hold for different spellings that Unicode calls equivalent.
package func isSameText(_ left: String, _ right: String) -> Bool {
    left.utf8.elementsEqual(right.utf8)
}

private func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
}
