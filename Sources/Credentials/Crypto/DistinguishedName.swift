/// The text of a subject or issuer, taken apart (RFC 4514 §2.3, §2.4): what a name says may hold escaped commas, and must not
/// be taken for further names.
package enum DistinguishedName {
    /// The value of the first attribute of this type, unescaped; nil if there is none.
    /// - Parameter type: as it is written in the text, such as `CN`.
    package static func value(of type: String, in text: String) -> String? {
        let wanted = Array((type + "=").utf8)
        for attribute in attributes(of: Array(text.utf8)) where attribute.starts(with: wanted) {
            return unescaped(attribute.dropFirst(wanted.count))
        }
        return nil
    }

    /// Split at commas and plus signs that are not escaped.
    private static func attributes(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var attributes: [ArraySlice<UInt8>] = []
        var start = 0
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            if text[index] == UInt8(ascii: ",") || text[index] == UInt8(ascii: "+") {
                attributes.append(text[start..<index])
                start = index + 1
            }
            index += 1
        }
        attributes.append(text[start...])
        return attributes
    }

    private static func unescaped(_ value: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var rest = value
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.first else {
                bytes.append(byte)
                continue
            }
            if rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(next)
                rest = rest.dropFirst()
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
