import Credentials

/// The parsing algorithms of RFC 8941 §4.2, one function for each; nil is a failure.
struct StructuredFieldReader {
    private let text: [UInt8]
    private var position = 0

    init(_ text: [UInt8]) { self.text = text }

    private var next: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks(withTabs: Bool = false) {
        while let next, next == 0x20 || (withTabs && next == 0x09) { position += 1 }
    }

    mutating func dictionary() -> [(name: String, member: StructuredField.Member)]? {
        var members: [(name: String, member: StructuredField.Member)] = []
        skipBlanks()
        while next != nil {
            guard members.count < StructuredField.mostItems, let name = key(),
                !members.contains(where: { $0.name == name })
            else { return nil }
            if skip("=") {
                guard let member = member() else { return nil }
                members.append((name, member))
            } else {
                guard let parameters = parameters() else { return nil }
                members.append((name, .item(.init(value: .boolean(true), parameters: parameters))))
            }
            skipBlanks(withTabs: true)
            guard next != nil else { break }
            guard skip(",") else { return nil }
            skipBlanks(withTabs: true)
            guard next != nil else { return nil }
        }
        return members
    }

    private mutating func member() -> StructuredField.Member? {
        guard next == UInt8(ascii: "(") else { return item().map { .item($0) } }
        position += 1
        var items: [StructuredField.Item] = []
        while true {
            skipBlanks()
            if skip(")") { break }
            guard items.count < StructuredField.mostItems, let item = item() else { return nil }
            items.append(item)
            guard next == 0x20 || next == UInt8(ascii: ")") else { return nil }
        }
        return parameters().map { .list(items, parameters: $0) }
    }

    private mutating func item() -> StructuredField.Item? {
        guard let value = bareItem(), let parameters = parameters() else { return nil }
        return StructuredField.Item(value: value, parameters: parameters)
    }

    private mutating func parameters() -> [StructuredField.Parameter]? {
        var parameters: [StructuredField.Parameter] = []
        while skip(";") {
            skipBlanks()
            guard parameters.count < StructuredField.mostItems, let name = key(), parameters[name] == nil else {
                return nil
            }
            var value = StructuredField.BareItem.boolean(true)
            if skip("=") {
                guard let given = bareItem() else { return nil }
                value = given
            }
            parameters.append(.init(name: name, value: value))
        }
        return parameters
    }

    private mutating func key() -> String? {
        let start = position
        guard let first = next, Self.isLower(first) || first == UInt8(ascii: "*") else { return nil }
        while let byte = next, Self.isLower(byte) || Self.isDigit(byte) || "_-.*".utf8.contains(byte) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func bareItem() -> StructuredField.BareItem? {
        switch next {
        case UInt8(ascii: "\"")?: return string()
        case UInt8(ascii: ":")?: return byteSequence()
        case UInt8(ascii: "?")?:
            position += 1
            if skip("1") { return .boolean(true) }
            return skip("0") ? .boolean(false) : nil
        case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return integer()
        case let byte? where byte == UInt8(ascii: "*") || Self.isLower(byte | 0x20): return token()
        default: return nil
        }
    }

    private mutating func string() -> StructuredField.BareItem? {
        position += 1
        var bytes: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return .string(String(decoding: bytes, as: UTF8.self))
            case UInt8(ascii: "\\"):
                guard let escaped = next, escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "\\") else {
                    return nil
                }
                bytes.append(escaped)
                position += 1
            case 0x20...0x7E: bytes.append(byte)
            default: return nil
            }
        }
        return nil
    }

    private mutating func byteSequence() -> StructuredField.BareItem? {
        position += 1
        guard let end = text[position...].firstIndex(of: UInt8(ascii: ":")) else { return nil }
        defer { position = end + 1 }
        return Base64.decode(text[position..<end]).map { .bytes($0) }
    }

    /// Decimals have no place where these fields are used.
    private mutating func integer() -> StructuredField.BareItem? {
        let isNegative = skip("-")
        let start = position
        while let byte = next, Self.isDigit(byte), position - start < 16 { position += 1 }
        guard (1...15).contains(position - start), next != UInt8(ascii: ".") else { return nil }
        let number = text[start..<position].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return .integer(isNegative ? -number : number)
    }

    private mutating func token() -> StructuredField.BareItem? {
        let start = position
        while let byte = next,
            Self.isDigit(byte) || Self.isLower(byte | 0x20) || "!#$%&'*+-.^_`|~:/".utf8.contains(byte)
        {
            position += 1
        }
        return .token(String(decoding: text[start..<position], as: UTF8.self))
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 <= 9 }
    private static func isLower(_ byte: UInt8) -> Bool { byte &- 0x61 < 26 }
}
