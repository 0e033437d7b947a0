import Testing

@testable import Transcoding

@Suite("Descriptor sets")
struct DescriptorSetTests {
    @Test("methods are known with their streams and HTTP rules")
    func methods() throws {
        let set = try Fixture.library()
        #expect(set.methodNames.count == 10)
        let get = try #require(set.methods["library.v1.Library/GetBook"])
        #expect(get.rules.map(\.pattern) == ["/v1/{name=shelves/*/books/*}", "/v1/books/{name}"])
        #expect(get.rules.map(\.method) == ["GET", "GET"])
        #expect(set.methods["library.v1.Library/WatchBooks"]?.isServerStreaming == true)
        #expect(set.methods["library.v1.Library/UploadBooks"]?.isClientStreaming == true)
        #expect(set.methods["library.v1.Library/UpdateBook"]?.rules.first?.body == "book")
        #expect(set.methods["library.v1.Library/ListBooks"]?.rules.first?.responseBody == "books")
        #expect(set.methods["library.v1.Library/PurgeBooks"]?.rules.first?.method == "PURGE")
        #expect(set.methods["library.v1.Library/Echo"]?.rules == [])
    }

    @Test("error details are known even where no file imports them")
    func wellKnown() throws {
        let schema = try Fixture.library().schema
        #expect(schema.message(named: "google.rpc.RetryInfo") != nil)
        #expect(schema.message(named: "google.protobuf.Any") != nil)
    }

    @Test("what is no descriptor set is refused with advice")
    func refusals() throws {
        for bytes in [[], [0xFF], bytes("syntax = \"proto3\";")] as [[UInt8]] {
            let failure = #expect(throws: DescriptorFailure.self) { try DescriptorSet(bytes) }
            #expect(failure?.description.contains("protoc --include_imports") == true)
        }
        #expect(throws: DescriptorFailure.self) { try DescriptorSet([UInt8](repeating: 0, count: (16 << 20) + 1)) }
    }

    @Test("a type that no file defines is named with its field")
    func missingType() throws {
        // file { name: "a.proto" package: "p" message { name: "M" field { name: "f" number: 1 type: MESSAGE type_name: ".p.N" } } }
        let field: [UInt8] = [0x0A, 1, 0x66, 0x18, 1, 0x28, 11, 0x32, 4] + bytes(".p.N")
        let message: [UInt8] = [0x0A, 1, 0x4D, 0x12, UInt8(field.count)] + field
        let file: [UInt8] = [0x0A, 7] + bytes("a.proto") + [0x12, 1, 0x70, 0x22, UInt8(message.count)] + message
        let failure = #expect(throws: DescriptorFailure.self) { try DescriptorSet([0x0A, UInt8(file.count)] + file) }
        #expect(failure?.description.contains("file \"a.proto\": message p.M: field f has type p.N") == true)
    }

    @Test("edited descriptor sets never crash")
    func survivesEdits() throws {
        let whole = try Fixture.bytes("library.pb")
        for _ in 0..<60 {
            var edited = whole
            for _ in 0..<4 { edited[Int.random(in: 0..<edited.count)] = UInt8.random(in: 0...255) }
            guard let set = try? DescriptorSet(edited) else { continue }
            _ = try? TranscodedService(set)
            for type in set.schema.messages.indices {
                var printer = MessagePrinter(set.schema, TranscodingOptions())
                try? printer.print([0x0A, 2, 0x08, 1, 0x12, 0, 0x18, 1], as: type)
            }
        }
    }
}
