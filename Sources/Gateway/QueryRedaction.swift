import HTTPWire

/// A query string as logs may show it: values of parameters that carry secrets are replaced.
enum QueryRedaction {
    private static let text: StaticString = "REDACTED"
    static var hidden: Bytes { Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount) }

    /// - Parameter names: in lower case; as they are written, for a name that hides itself by percent signs is decoded first.
    static func append(_ query: Bytes, hiding names: Set<String>, to result: ByteBuilder) {
        var start = 0
        for index in 0...query.count where index == query.count || query[index] == UInt8(ascii: "&") {
            let pair = query.slice(start, index - start)
            if start > 0 { result.append("&") }
            start = index + 1
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")) else {
                result.append(pair)
                continue
            }
            let name = pair.slice(0, equals)
            result.append(name)
            result.append("=")
            if names.contains(decoded(name)) {
                result.append(hidden)
            } else {
                result.append(pair.slice(equals + 1, pair.count - equals - 1))
            }
        }
    }

    private static func decoded(_ name: Bytes) -> String {
        var bytes: [UInt8] = []
        var index = 0
        while index < name.count {
            if name[index] == UInt8(ascii: "%"), index + 2 < name.count,
                let value = UInt8(name.slice(index + 1, 2).text, radix: 16)
            {
                bytes.append(value)
                index += 3
            } else {
                bytes.append(name[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self).lowercased()
    }
}
