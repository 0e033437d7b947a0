import JSON

/// Messages that JSON writes in a form of their own. Their field numbers are fixed by protobuf.
extension MessagePrinter {
    mutating func print(
        _ bytes: ArraySlice<UInt8>, asWellKnown type: WellKnownType, type index: Int, depth: Int
    ) throws(TranscodingFailure) {
        let gathered = try GatheredFields(bytes, of: schema.messages[index])
        switch type {
        case .timestamp: try printTime(TimestampText.print(try time(bytes)))
        case .duration: try printTime(DurationText.print(try time(bytes)))
        case .fieldMask: try printFieldMask(bytes)
        case .structure, .listValue:
            // `fields` and `values`: the one field of each.
            guard let field = schema.messages[index].fields.first else { return append("null") }
            try print(gathered[0], field: field, depth: depth)
        case .value: try printValue(gathered, of: schema.messages[index], depth: depth)
        case .any: try printAny(bytes, depth: depth)
        case .wrapper(let kind):
            if !schema.messages[index].fields.isEmpty, let value = gathered[0].all.last {
                try printSingle(value, kind, depth: depth)
            } else {
                printDefault(kind)
            }
        }
    }

    private func time(_ bytes: ArraySlice<UInt8>) throws(TranscodingFailure) -> SecondsAndNanos {
        var time = SecondsAndNanos(seconds: 0, nanos: 0)
        try scan(bytes) { number, value in
            guard case .varint(let bits) = value else { return }
            if number == 1 { time.seconds = Int64(bitPattern: bits) }
            if number == 2 { time.nanos = Int32(truncatingIfNeeded: bits) }
        }
        return time
    }

    private func scan(
        _ bytes: ArraySlice<UInt8>, _ body: (Int, WireReader.Value) -> Void
    ) throws(TranscodingFailure) {
        do throws(WireFailure) {
            var reader = WireReader(bytes)
            while let entry = try reader.next() { body(entry.number, entry.value) }
        } catch {
            throw .response(error.reason)
        }
    }

    private mutating func printTime(_ string: String?) throws(TranscodingFailure) {
        guard let string else { throw .response("is a time or duration out of range") }
        append("\"\(string)\"")
    }

    private mutating func printFieldMask(_ bytes: ArraySlice<UInt8>) throws(TranscodingFailure) {
        var paths: [ArraySlice<UInt8>] = []
        try scan(bytes) { number, value in
            if number == 1, case .bytes(let path) = value { paths.append(path) }
        }
        var names: [String] = []
        for path in paths {
            guard let path = String(validating: path, as: UTF8.self) else { throw .response("is not valid UTF-8") }
            let name = FieldName.camel(path)
            guard FieldName.snake(name) == path else {
                throw .response("has a field mask whose path can't be told from others in JSON")
            }
            names.append(name)
        }
        JSONWriter.append(names.joined(separator: ","), to: &text)
    }

    private mutating func printValue(
        _ gathered: GatheredFields, of message: MessageType, depth: Int
    ) throws(TranscodingFailure) {
        for (index, field) in message.fields.enumerated() {
            switch gathered[index] {
            case .absent: continue
            case .one(.fixed64(let bits)) where !Double(bitPattern: bits).isFinite:
                throw .response("has a number in a google.protobuf.Value that is not finite")
            case let content: return try print(content, field: field, depth: depth)
            }
        }
        // A value without a kind is malformed; null loses least.
        append("null")
    }

    private mutating func printAny(_ bytes: ArraySlice<UInt8>, depth: Int) throws(TranscodingFailure) {
        var url: ArraySlice<UInt8> = []
        var content: ArraySlice<UInt8> = []
        try scan(bytes) { number, value in
            guard case .bytes(let bytes) = value else { return }
            if number == 1 { url = bytes }
            if number == 2 { content = bytes }
        }
        if url.isEmpty, content.isEmpty { return append("{}") }
        guard let name = String(validating: url, as: UTF8.self), let index = AnyType.index(of: name, in: schema) else {
            throw .response("holds an Any of a type that the descriptor set doesn't define")
        }
        var list = MemberList()
        list.open(&text)
        list.next(&text)
        append("\"@type\":")
        JSONWriter.append(name, to: &text)
        let message = schema.messages[index]
        if message.wellKnown != nil {
            list.next(&text)
            append("\"value\":")
            try print(content, as: index, depth: depth + 1)
        } else {
            guard depth < TranscodingOptions.maximumDepth else {
                throw .response("is nested deeper than \(TranscodingOptions.maximumDepth)")
            }
            try printMembers(content, of: message, depth: depth + 1, &list)
        }
        list.close(&text)
    }
}
