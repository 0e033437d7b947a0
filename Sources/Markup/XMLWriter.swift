import JSON

/// JSON as XML, the other way round: `@name` is an attribute, `#text` text, an array an element for each of its own.
///
/// An object with one member is named by it, all else is within `<root>`; elements of an array within an array are `<item>`.
/// What no name of XML may hold becomes `_`.
package enum XMLWriter {
    package static func xml(_ json: UnsafeBufferPointer<UInt8>) throws(MarkupFailure) -> [UInt8] {
        let value: OrderedJSON
        do throws(JSONFailure) {
            value = try OrderedJSON.read(json)
        } catch {
            throw MarkupFailure("\(error.reason), at byte \(error.offset)")
        }
        var text = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        if case .object(let members) = value, members.count == 1, let only = members.first, !only.value.isArray,
            only.name.first != UInt8(ascii: "@"), only.name.first != UInt8(ascii: "#")
        {
            append(only.value, named: only.name, to: &text)
        } else if value.isArray {
            append(.object([(Array("item".utf8), value)]), named: Array("root".utf8), to: &text)
        } else {
            append(value, named: Array("root".utf8), to: &text)
        }
        return text
    }

    private static func append(_ value: OrderedJSON, named name: [UInt8], to text: inout [UInt8]) {
        if case .array(let elements) = value {
            for element in elements {
                if element.isArray {
                    append(.object([(Array("item".utf8), element)]), named: name, to: &text)
                } else {
                    append(element, named: name, to: &text)
                }
            }
            return
        }
        let tag = tag(name)
        text.append(UInt8(ascii: "<"))
        text += tag
        appendAttributes(value, to: &text)
        let start = text.count
        text.append(UInt8(ascii: ">"))
        appendContent(value, to: &text)
        if text.count == start + 1 {
            text.replaceSubrange(start..., with: "/>".utf8)
        } else {
            text += "</".utf8
            text += tag
            text.append(UInt8(ascii: ">"))
        }
    }

    private static func appendAttributes(_ value: OrderedJSON, to text: inout [UInt8]) {
        guard case .object(let members) = value else { return }
        var seen: Set<[UInt8]> = []
        for member in members where member.name.first == UInt8(ascii: "@") && !member.value.isContainer {
            let name = tag(Array(member.name.dropFirst()))
            guard seen.insert(name).inserted else { continue }
            text.append(0x20)
            text += name
            text += "=\"".utf8
            appendContent(member.value, to: &text)
            text.append(UInt8(ascii: "\""))
        }
    }

    private static func appendContent(_ value: OrderedJSON, to text: inout [UInt8]) {
        switch value {
        case .null, .array: break
        case .word(let word): text += word
        case .text(let content): appendEscaped(content, to: &text)
        case .object(let members):
            for member in members {
                if member.name == Array("#text".utf8) {
                    appendContent(member.value, to: &text)
                } else if member.name.first != UInt8(ascii: "@") || member.value.isContainer {
                    append(member.value, named: member.name, to: &text)
                }
            }
        }
    }

    /// Control characters that XML 1.0 has no way to write become U+FFFD.
    private static func appendEscaped(_ bytes: [UInt8], to text: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "<"): text += "&lt;".utf8
            case UInt8(ascii: ">"): text += "&gt;".utf8
            case UInt8(ascii: "&"): text += "&amp;".utf8
            case UInt8(ascii: "\""): text += "&quot;".utf8
            case 0x09, 0x0A, 0x0D: text += "&#\(byte);".utf8
            case 0..<0x20: text += "\u{FFFD}".utf8
            default: text.append(byte)
            }
        }
    }

    /// ASCII of a name; letters of other scripts stay.
    private static func tag(_ name: [UInt8]) -> [UInt8] {
        var tag = name.map { byte -> UInt8 in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: ":"), 0x80...:
                byte
            default: UInt8(ascii: "_")
            }
        }
        let isStart = tag.first.map { $0 >= 0x41 && $0 != UInt8(ascii: ":") } ?? false
        if !isStart { tag.insert(UInt8(ascii: "_"), at: 0) }
        return tag
    }
}

extension OrderedJSON {
    fileprivate var isArray: Bool { if case .array = self { true } else { false } }

    fileprivate var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}
