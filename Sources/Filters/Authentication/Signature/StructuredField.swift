import Credentials

/// Structured field values (RFC 8941), as far as message signatures and digests need them: dictionaries of items and inner lists.
enum StructuredField {
    enum BareItem: Hashable, Sendable {
        case integer(Int)
        case string(String)
        case token(String)
        case bytes([UInt8])
        case boolean(Bool)
    }

    struct Parameter: Hashable, Sendable {
        let name: String
        let value: BareItem
    }

    struct Item: Hashable, Sendable {
        let value: BareItem
        let parameters: [Parameter]
    }

    enum Member: Hashable, Sendable {
        case item(Item)
        case list([Item], parameters: [Parameter])
    }

    /// Of a field with several lines: the later of two members of the same name counts (RFC 8941 §4.2.2), which here is
    /// refused, since not everyone reads it so.
    static func dictionary(_ text: [UInt8]) -> [(name: String, member: Member)]? {
        guard text.count <= mostBytes else { return nil }
        var reader = StructuredFieldReader(text)
        return reader.dictionary()
    }

    static let mostBytes = 16 * 1024
    static let mostItems = 64
}

extension [StructuredField.Parameter] {
    subscript(name: String) -> StructuredField.BareItem? { first { $0.name == name }?.value }
}

/// Canonical texts (RFC 8941 §4.1).
extension StructuredField {
    static func write(_ item: BareItem) -> String {
        switch item {
        case .integer(let number): return String(number)
        case .string(let text):
            let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
            return "\"\(escaped)\""
        case .token(let text): return text
        case .bytes(let bytes): return ":\(String(decoding: Base64.encode(bytes), as: UTF8.self)):"
        case .boolean(let isTrue): return isTrue ? "?1" : "?0"
        }
    }

    static func write(_ parameters: [Parameter]) -> String {
        parameters.map { $0.value == .boolean(true) ? ";\($0.name)" : ";\($0.name)=\(write($0.value))" }.joined()
    }

    static func write(_ item: Item) -> String { write(item.value) + write(item.parameters) }

    static func write(_ items: [Item], _ parameters: [Parameter]) -> String {
        "(\(items.map { write($0) }.joined(separator: " ")))\(write(parameters))"
    }
}
