import SwiftProtobuf

/// What a service's methods and messages look like: the output of
/// `protoc --include_imports --descriptor_set_out=FILE`, compiled once when the configuration is loaded.
package struct DescriptorSet: Sendable {
    package static let maximumBytes = 16 << 20

    let schema: Schema
    /// By full name without a leading slash: `helloworld.Greeter/SayHello`.
    let methods: [String: MethodType]

    package init(_ bytes: [UInt8]) throws(DescriptorFailure) {
        var compiler = SchemaCompiler()
        for file in try Self.parse(bytes) { try compiler.add(file) }
        // What a service may put into an `Any` or its error details, even if no file of its own imports it.
        for file in try Self.parse(PackageResources.wellknown_pb) { try compiler.addMissing(file) }
        schema = try compiler.schema()
        methods = try compiler.methods(schema)
    }

    /// The full names of all methods, in order: what an error message may list.
    package var methodNames: [String] { methods.keys.sorted() }

    private static func parse(_ bytes: [UInt8]) throws(DescriptorFailure) -> [Google_Protobuf_FileDescriptorProto] {
        guard bytes.count <= maximumBytes else {
            throw DescriptorFailure("the descriptor set is longer than \(maximumBytes >> 20) MiB")
        }
        do {
            let set = try Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
            if !set.file.isEmpty { return set.file }
        } catch {
            throw DescriptorFailure("these bytes are no descriptor set; \(advice)")
        }
        throw DescriptorFailure("the descriptor set has no files; \(advice)")
    }

    static let advice = "make it with protoc --include_imports --descriptor_set_out=FILE"
}

/// A method as its service declares it.
struct MethodType: Sendable {
    /// `helloworld.Greeter/SayHello`
    let name: String
    let input: Int
    let output: Int
    let isClientStreaming: Bool
    let isServerStreaming: Bool
    /// The `google.api.http` annotation and its additional bindings; empty without one.
    let rules: [HTTPRule]
}
