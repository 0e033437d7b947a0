import Credentials
import HTTPWire
import Policies

/// Which of a resource's responses a request selects: the values of the fields that `Vary` names, in one form.
enum VariantKey {
    /// Values past this length are named by their digest.
    private static let longestValue = 100

    /// `name=value` for each name in their order, joined by `|`; `-` if there is none.
    static func of(_ names: VaryNames, _ fields: FieldSection) -> [UInt8] {
        guard !names.names.isEmpty else { return CachedResponse.onlyVariant }
        var key: [UInt8] = []
        for name in names.names {
            if !key.isEmpty { key.append(UInt8(ascii: "|")) }
            key.append(contentsOf: name.utf8)
            key.append(UInt8(ascii: "="))
            key.append(contentsOf: value(of: name, fields))
        }
        return key
    }

    /// All fields of a request that may select, for a store that alone knows which do.
    static func candidates(_ fields: FieldSection) -> [(name: String, value: [UInt8])] {
        var names: [String] = []
        for index in 0..<fields.count where !fields.slots[index].isDropped {
            let name = fields.name(index).text.lowercased()
            if !names.contains(name) { names.append(name) }
        }
        return names.prefix(64).map { ($0, value(of: $0, fields)) }
    }

    /// Escaped and bounded, so that it can be part of a key; empty if there is no such field.
    static func value(of name: String, _ fields: FieldSection) -> [UInt8] {
        var normal: [UInt8] = []
        for index in 0..<fields.count where fields.name(index).elementsEqualIgnoringCase(name) {
            VaryNames.normalise(fields.value(index), of: name, into: &normal)
        }
        if normal.count > longestValue, let hasher = try? SHA256Hasher() {
            return Array("sha256:\(hasher.digest(normal).hexadecimal)".utf8)
        }
        let escaped = ByteBuilder(capacity: normal.count + 16)
        normal.withUnsafeBufferPointer { CacheKeyWriter.append($0, to: escaped) }
        return Array(escaped.bytes)
    }
}

extension UnsafeBufferPointer where Element == UInt8 {
    /// `name` is lower case.
    fileprivate func elementsEqualIgnoringCase(_ name: String) -> Bool {
        count == name.utf8.count && zip(self, name.utf8).allSatisfy { ($0 &- 0x41 < 26 ? $0 | 0x20 : $0) == $1 }
    }
}
