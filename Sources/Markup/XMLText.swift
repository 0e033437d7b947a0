import CXML2
import JSON

/// XML as JSON.
///
/// The root is the only member. An element with nothing but text is that text, an empty one null; else it is an object of its
/// attributes (`@name`), its children and, if there is any, its text (`#text`). Children of one name are an array. Prefixes
/// stay part of names. Nothing is fetched, no entity of a document's own is known, and a DOCTYPE is refused.
package enum XMLText {
    package static func json(_ xml: UnsafeBufferPointer<UInt8>) throws(MarkupFailure) -> [UInt8] {
        try XMLSurvey.check(xml)
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
        let document = xml.withMemoryRebound(to: CChar.self) {
            xmlReadMemory(
                $0.baseAddress, Int32(clamping: $0.count), nil, nil, Int32(options) | Int32(XML_PARSE_NOCDATA.rawValue))
        }
        guard let document else { throw MarkupFailure(lastError()) }
        defer { xmlFreeDoc(document) }
        guard document.pointee.intSubset == nil else { throw MarkupFailure("has a DOCTYPE, which is not accepted") }
        guard let root = xmlDocGetRootElement(document) else { throw MarkupFailure("has no root element") }
        var text = [UInt8(ascii: "{")]
        JSONWriter.append(name(root), to: &text)
        text.append(UInt8(ascii: ":"))
        append(root, to: &text)
        text.append(UInt8(ascii: "}"))
        return text
    }

    private static func lastError() -> String {
        guard let error = xmlGetLastError(), error.pointee.line > 0 else { return "is not well-formed XML" }
        return "is not well-formed XML, at line \(error.pointee.line)"
    }

    /// Depth is bounded by the parser, at 256.
    private static func append(_ element: xmlNodePtr, to text: inout [UInt8]) {
        var names: [String] = []
        var children: [String: [xmlNodePtr]] = [:]
        var content = ""
        var child = element.pointee.children
        while let node = child {
            switch node.pointee.type {
            case XML_ELEMENT_NODE:
                let name = name(node)
                if children[name] == nil { names.append(name) }
                children[name, default: []].append(node)
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: content += string(node.pointee.content)
            default: break
            }
            child = node.pointee.next
        }
        let isBlank = content.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !names.isEmpty || element.pointee.properties != nil else {
            if content.isEmpty { text += "null".utf8 } else { JSONWriter.append(content, to: &text) }
            return
        }
        text.append(UInt8(ascii: "{"))
        var isFirst = true
        func begin(_ name: String) {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONWriter.append(name, to: &text)
            text.append(UInt8(ascii: ":"))
        }
        var attribute = element.pointee.properties
        while let current = attribute {
            begin("@" + qualified(current.pointee.ns, current.pointee.name))
            JSONWriter.append(current.pointee.children.map { string($0.pointee.content) } ?? "", to: &text)
            attribute = current.pointee.next
        }
        for name in names {
            begin(name)
            let nodes = children[name] ?? []
            if nodes.count == 1 {
                append(nodes[0], to: &text)
            } else {
                text.append(UInt8(ascii: "["))
                for (index, node) in nodes.enumerated() {
                    if index > 0 { text.append(UInt8(ascii: ",")) }
                    append(node, to: &text)
                }
                text.append(UInt8(ascii: "]"))
            }
        }
        if !isBlank {
            begin("#text")
            JSONWriter.append(content, to: &text)
        }
        text.append(UInt8(ascii: "}"))
    }

    private static func name(_ node: xmlNodePtr) -> String { qualified(node.pointee.ns, node.pointee.name) }

    private static func qualified(_ namespace: xmlNsPtr?, _ name: UnsafePointer<xmlChar>?) -> String {
        guard let prefix = namespace?.pointee.prefix else { return string(name) }
        return "\(string(prefix)):\(string(name))"
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        text.map { String(cString: $0) } ?? ""
    }
}
