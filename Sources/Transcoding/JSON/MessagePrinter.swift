import JSON

/// Prints a message of the wire format as JSON, by its descriptor (proto3 JSON mapping): fields in the order of their
/// numbers, unknown fields left out.
struct MessagePrinter {
    let schema: Schema
    let options: TranscodingOptions
    var text: [UInt8] = []

    init(_ schema: Schema, _ options: TranscodingOptions) {
        self.schema = schema
        self.options = options
    }

    mutating func print(_ bytes: ArraySlice<UInt8>, as type: Int, depth: Int = 1) throws(TranscodingFailure) {
        guard depth <= TranscodingOptions.maximumDepth else {
            throw .response("is nested deeper than \(TranscodingOptions.maximumDepth)")
        }
        let message = schema.messages[type]
        if let wellKnown = message.wellKnown {
            return try print(bytes, asWellKnown: wellKnown, type: type, depth: depth)
        }
        var list = MemberList()
        list.open(&text)
        try printMembers(bytes, of: message, depth: depth, &list)
        list.close(&text)
    }

    mutating func printMembers(
        _ bytes: ArraySlice<UInt8>, of message: MessageType, depth: Int, _ list: inout MemberList
    ) throws(TranscodingFailure) {
        let gathered = try GatheredFields(bytes, of: message)
        for (index, field) in message.fields.enumerated() {
            let value = gathered[index]
            if case .absent = value, !options.printsDefaults || (field.hasPresence && !field.isRepeated) { continue }
            list.next(&text)
            JSONWriter.append(options.printsOriginalNames ? field.name : field.jsonName, to: &text)
            text.append(UInt8(ascii: ":"))
            try print(value, field: field, depth: depth)
        }
    }

    /// The value of one field, absent or not: also what a rule's `response_body` names.
    mutating func print(
        _ value: GatheredFields.Content, field: Field, depth: Int
    ) throws(TranscodingFailure) {
        do throws(TranscodingFailure) {
            if field.isMap { return try printMap(value.all, field, depth: depth) }
            if field.isRepeated { return try printList(value.all, field, depth: depth) }
            switch value {
            case .absent: printDefault(field.kind)
            case .one(let content): try printSingle(content, field.kind, depth: depth)
            // Parts of one message that came in pieces are one message when strung together (encoding guide).
            case .many(let parts):
                try printSingle(.bytes(GatheredFields.joined(parts)), field.kind, depth: depth)
            }
        } catch {
            throw error.within(field.jsonName)
        }
    }

    private mutating func printList(
        _ elements: [WireReader.Value], _ field: Field, depth: Int
    ) throws(TranscodingFailure) {
        text.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            do throws(TranscodingFailure) {
                try printSingle(element, field.kind, depth: depth)
            } catch {
                throw error.within("[\(index)]")
            }
        }
        text.append(UInt8(ascii: "]"))
    }

    private mutating func printMap(
        _ entries: [WireReader.Value], _ field: Field, depth: Int
    ) throws(TranscodingFailure) {
        guard case .message(let entryIndex) = field.kind else { return }
        let entry = schema.messages[entryIndex]
        var order: [[UInt8]] = []
        var contents: [[UInt8]: GatheredFields.Content] = [:]
        for case .bytes(let bytes) in entries {
            let gathered = try GatheredFields(bytes, of: entry)
            var key = MessagePrinter(schema, options)
            try key.print(gathered[0], field: entry.fields[0], depth: depth)
            // The last entry of a key counts.
            if contents.updateValue(gathered[1], forKey: key.text) == nil { order.append(key.text) }
        }
        var list = MemberList()
        list.open(&text)
        for key in order {
            list.next(&text)
            let isQuoted = key.first == UInt8(ascii: "\"")
            if !isQuoted { text.append(UInt8(ascii: "\"")) }
            text.append(contentsOf: key)
            if !isQuoted { text.append(UInt8(ascii: "\"")) }
            text.append(UInt8(ascii: ":"))
            let content = contents[key] ?? .absent
            if case .absent = content, case .message(let index) = entry.fields[1].kind {
                try print([], as: index, depth: depth + 1)
            } else {
                try print(content, field: entry.fields[1], depth: depth)
            }
        }
        list.close(&text)
    }

    func checkSize() throws(TranscodingFailure) {
        guard text.count <= options.maximumMessageBytes else {
            throw .response("makes a JSON text longer than \(options.maximumMessageBytes) bytes")
        }
    }
}

/// The commas of a JSON object whose members come one by one.
struct MemberList {
    private var isEmpty = true

    mutating func open(_ text: inout [UInt8]) { text.append(UInt8(ascii: "{")) }

    mutating func next(_ text: inout [UInt8]) {
        if !isEmpty { text.append(UInt8(ascii: ",")) }
        isEmpty = false
    }

    mutating func close(_ text: inout [UInt8]) { text.append(UInt8(ascii: "}")) }
}
