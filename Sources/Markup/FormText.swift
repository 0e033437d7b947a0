import JSON

/// Forms (`application/x-www-form-urlencoded`, WHATWG URL §5) as JSON: one member for each name, in the order of the form.
///
/// Values are texts. A name that comes several times, or ends in `[]`, holds an array.
package enum FormText {
    private static let mostFields = 10_000

    package static func json(_ form: UnsafeBufferPointer<UInt8>) throws(MarkupFailure) -> [UInt8] {
        var names: [String] = []
        var values: [String: [String]] = [:]
        var lists: Set<String> = []
        for pair in form.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            var name = try decoded(pair[..<equals])
            let value = equals < pair.endIndex ? try decoded(pair[pair.index(after: equals)...]) : ""
            if name.hasSuffix("[]"), name.utf8.count > 2 {
                name.removeLast(2)
                lists.insert(name)
            }
            if values[name] == nil { names.append(name) }
            values[name, default: []].append(value)
            guard names.count <= mostFields else { throw MarkupFailure("has more than \(mostFields) fields") }
        }
        var text = [UInt8(ascii: "{")]
        for (index, name) in names.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            JSONWriter.append(name, to: &text)
            text.append(UInt8(ascii: ":"))
            append(values[name] ?? [], isList: lists.contains(name), to: &text)
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    private static func append(_ values: [String], isList: Bool, to text: inout [UInt8]) {
        if values.count == 1, !isList { return JSONWriter.append(values[0], to: &text) }
        text.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            JSONWriter.append(value, to: &text)
        }
        text.append(UInt8(ascii: "]"))
    }

    private static func decoded(_ bytes: some Collection<UInt8>) throws(MarkupFailure) -> String {
        var result: [UInt8] = []
        var rest = Array(bytes)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): result.append(0x20)
            case UInt8(ascii: "%"):
                guard rest.count >= 2, let high = hexValue(rest[rest.startIndex]),
                    let low = hexValue(rest[rest.startIndex + 1])
                else { throw MarkupFailure("has a \"%\" without two hexadecimal digits") }
                result.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: result.append(byte)
            }
        }
        guard let text = String(validating: result, as: UTF8.self) else { throw MarkupFailure("is not UTF-8") }
        return text
    }
}
