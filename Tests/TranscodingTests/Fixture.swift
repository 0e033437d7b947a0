import Foundation
import JSON
import Testing

@testable import Transcoding

/// The committed descriptor set, and shorthands for messages of it.
enum Fixture {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures")

    static func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: folder.appending(path: name)))
    }

    private static let loaded = Result { try DescriptorSet(try bytes("library.pb")) }

    static func library() throws -> DescriptorSet { try loaded.get() }

    static func encode(
        _ json: String, as name: String = "library.v1.Everything", _ options: TranscodingOptions = .init()
    ) throws -> [UInt8] {
        let schema = try library().schema
        var encoder = MessageEncoder(schema, options)
        let value = try JSONReader.read(Array(json.utf8), maximumBytes: 1 << 20, maximumDepth: 100)
        try encoder.encode(value, as: try #require(schema.message(named: name)))
        return encoder.writer.bytes
    }

    static func print(
        _ bytes: [UInt8], as name: String = "library.v1.Everything", _ options: TranscodingOptions = .init()
    ) throws -> String {
        let schema = try library().schema
        var printer = MessagePrinter(schema, options)
        try printer.print(bytes[...], as: try #require(schema.message(named: name)))
        return String(decoding: printer.text, as: UTF8.self)
    }

    /// What a request's JSON says when it comes back.
    static func echo(_ json: String, as name: String = "library.v1.Everything") throws -> String {
        try print(try encode(json, as: name), as: name)
    }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

func hexadecimal(_ text: Substring) -> [UInt8] {
    let digits = text.utf8.compactMap { hexValue($0) }
    return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
}
