/// A reply as an owned value, for everything that is not on a request's path.
package enum RedisValue: Hashable, Sendable {
    case null
    case integer(Int)
    case status(String)
    case string([UInt8])
    case error(String)
    case array([RedisValue])

    /// Text of a string or status, digits of an integer; nil for the rest.
    package var text: String? {
        switch self {
        case .integer(let value): String(value)
        case .status(let text): text
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .null, .error, .array: nil
        }
    }

    /// An integer, or a string that is one.
    package var integer: Int? {
        if case .integer(let value) = self { return value }
        return text.flatMap(Int.init)
    }

    /// The elements of an array; empty for the rest.
    package var elements: [RedisValue] {
        if case .array(let elements) = self { return elements }
        return []
    }

    /// An array of names and values in turn, such as `HGETALL` answers, as a dictionary.
    package var dictionary: [String: String] {
        let elements = elements
        var result: [String: String] = [:]
        for index in stride(from: 0, to: elements.count - 1, by: 2) {
            if let name = elements[index].text { result[name] = elements[index + 1].text }
        }
        return result
    }
}
