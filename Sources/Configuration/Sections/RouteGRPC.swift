/// `grpc` of a route: how clients that don't speak gRPC reach a gRPC service.
package struct RouteGRPC: Hashable, Sendable {
    /// What becomes of query parameters that are no field of the request.
    package enum UnknownQuery: Hashable, Sendable { case ignore, refuse }
    /// How the messages of a stream are told apart in JSON.
    package enum Streaming: Hashable, Sendable { case newlines, serverSentEvents }

    /// A serialized `google.protobuf.FileDescriptorSet`; nil: no JSON.
    package var descriptors: [UInt8]?
    /// The file it was read from, for messages.
    package var descriptorsPath = ""
    /// `package.Service/Method`, which gets all requests; nil: the `google.api.http` annotations say which.
    package var method: String?
    package var unknownQuery = UnknownQuery.refuse
    package var streaming = Streaming.newlines
    /// Whether gRPC-Web is understood.
    package var web = true

    package static let mostDescriptorBytes = 16 << 20

    static let kind = Kind<RouteGRPC>.section(
        "grpc", "a mapping such as { descriptors: greeter.pb, method: helloworld.Greeter/SayHello }"
    ) { section in
        var grpc = RouteGRPC()
        let descriptors = section.optional(
            "descriptors", .descriptors,
            "File with the service's descriptor set; with it the route translates JSON to gRPC.")
        (grpc.descriptors, grpc.descriptorsPath) = (descriptors?.bytes, descriptors?.path ?? "")
        grpc.method = section.optional(
            "method", .grpcMethod, "The method that gets all requests; absent: google.api.http annotations decide.")
        grpc.unknownQuery = section.value(
            "unknown_query", .choice(["refuse": .refuse, "ignore": .ignore]), default: grpc.unknownQuery,
            "What becomes of query parameters that are no field of the request.")
        grpc.streaming = section.value(
            "stream", .choice(["ndjson": .newlines, "sse": .serverSentEvents]), default: grpc.streaming,
            "How a stream of messages is written: one JSON text a line, or server-sent events.")
        grpc.web = section.value("web", .boolean, default: grpc.web, "Whether gRPC-Web clients are understood.")
        reportUseless(section)
        return grpc
    }

    /// What only says something of JSON needs descriptors.
    private static func reportUseless(_ section: SectionReader) {
        guard !section.has("descriptors") else { return }
        for name in ["method", "unknown_query", "stream"] where section.has(name) {
            section.place(of: name).report(
                "\(name) is for JSON, which needs the service's descriptors",
                hint: "add descriptors: FILE, or remove \(name)")
        }
    }
}

private struct DescriptorFile: Sendable {
    var path: String
    var bytes: [UInt8]
}

extension Kind where Value == DescriptorFile {
    /// Whether all of it can be read, the transcoder says; a file of another kind is told here already.
    fileprivate static var descriptors: Kind {
        Kind(noun: "the path of a descriptor set", schema: { _ in ["type": "string"] }) { reader, noun in
            guard let path = reader.text(expected: noun)?.value,
                let bytes = reader.content(ofFile: path, atMost: RouteGRPC.mostDescriptorBytes)
            else { return nil }
            // Each of its files starts with the tag of field 1, length-delimited.
            guard bytes.first == 0x0A else {
                reader.report(
                    "the file \(quoted(path)) is no descriptor set",
                    hint: "make it with: protoc --include_imports --descriptor_set_out=FILE service.proto")
                return nil
            }
            return DescriptorFile(path: path, bytes: bytes)
        }
    }
}

extension Kind where Value == String {
    fileprivate static var grpcMethod: Kind {
        .scalar(
            "a method such as helloworld.Greeter/SayHello",
            schema: .pattern("^[A-Za-z_][A-Za-z0-9_.]*/[A-Za-z_][A-Za-z0-9_]*$"), write: { .string($0) }
        ) { text throws(ScalarProblem) in
            let parts = text.value.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 2, isDottedIdentifier(parts[0]), isDottedIdentifier(parts[1]), !parts[1].contains(".")
            else { throw .expected(suggestion: nearestMethod(text.value)) }
            return text.value
        }
    }

    /// `/helloworld.Greeter/SayHello` and `helloworld.Greeter.SayHello`: what was meant, in the written form.
    private static func nearestMethod(_ text: String) -> String? {
        let bare = text.hasPrefix("/") ? text.dropFirst() : text[...]
        let dot = bare.contains("/") ? nil : bare.lastIndex(of: ".")
        let candidate = dot.map { "\(bare[..<$0])/\(bare[bare.index(after: $0)...])" } ?? "\(bare)"
        let parts = candidate.split(separator: "/", omittingEmptySubsequences: false)
        return candidate != text && parts.count == 2 && parts.allSatisfy(isDottedIdentifier) ? candidate : nil
    }
}

/// Names of Protocol Buffers, joined by dots.
private func isDottedIdentifier(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
        guard let first = part.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return part.utf8.allSatisfy { isNameByte($0) && $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: ".") }
    }
}
