import JSON

/// A call's failure as members of a problem (RFC 9457): the code's name, the service's message, and what
/// `grpc-status-details-bin` (a google.rpc.Status) says besides.
package struct GRPCProblem: Hashable, Sendable {
    package let status: GRPCStatus
    package let message: String
    /// A JSON array of the details, each with its `@type`; nil where there are none.
    package let details: [UInt8]?

    package static let maximumDetailBytes = 64 * 1024
    private static let maximumDetails = 64

    /// `detailsField` is the base64 of the trailer. Details of types that the descriptor set doesn't define, or that
    /// are malformed, are left out: a failure must reach the client whatever is in them.
    package init(
        status: GRPCStatus, message: some Collection<UInt8>, detailsField: [UInt8]?, in set: DescriptorSet,
        options: TranscodingOptions = TranscodingOptions()
    ) {
        self.status = status
        self.message = GRPCMessageText.decode(message)
        self.details = detailsField.flatMap { Self.details($0, set.schema, options) }
    }

    private static func details(_ field: [UInt8], _ schema: Schema, _ options: TranscodingOptions) -> [UInt8]? {
        guard field.count <= maximumDetailBytes, let bytes = Base64.decode(field),
            let any = schema.message(named: "google.protobuf.Any")
        else { return nil }
        var texts: [[UInt8]] = []
        var reader = WireReader(bytes[...])
        while let entry = try? reader.next(), texts.count < maximumDetails {
            guard entry.number == 3, case .bytes(let detail) = entry.value else { continue }
            var printer = MessagePrinter(schema, options)
            if (try? printer.print(detail, as: any)) != nil { texts.append(printer.text) }
        }
        guard !texts.isEmpty else { return nil }
        return Array("[".utf8) + texts.joined(separator: ",".utf8) + Array("]".utf8)
    }

    /// The members by themselves, without braces, to be put among those that every problem has.
    package var members: [UInt8] {
        var text = Array("\"grpc_status\":".utf8)
        JSONWriter.append(status.name, to: &text)
        text += ",".utf8
        text += "\"grpc_code\":\(status.rawValue)".utf8
        if !message.isEmpty {
            text += ",\"detail\":".utf8
            JSONWriter.append(message, to: &text)
        }
        if let details { text += ",\"details\":".utf8 + details }
        return text
    }

    /// The failure as one object: the last line of a stream that was under way.
    package var object: [UInt8] { Array("{".utf8) + members + Array("}".utf8) }
}
