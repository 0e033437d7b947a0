import Foundation
import SwiftProtobuf

/// One binding of a method to HTTP, as `google.api.http` declares it, not yet checked against the messages.
struct HTTPRule: Hashable, Sendable {
    var method: String
    var pattern: String
    /// `*`, a field's name, or empty for none.
    var body = ""
    var responseBody = ""

    private static let annotation = 72_295_728
    private static let maximumBindings = 64

    /// The rules of a method's options. The annotation is an extension that swift-protobuf keeps as unknown bytes:
    /// reading its seven fields here spares generated code.
    static func rules(
        of options: Google_Protobuf_MethodOptions, _ place: String
    ) throws(DescriptorFailure) -> [HTTPRule] {
        var merged: [UInt8] = []
        do throws(WireFailure) {
            var reader = WireReader(ArraySlice(options.unknownFields.data))
            while let entry = try reader.next() {
                if entry.number == annotation, case .bytes(let bytes) = entry.value { merged += bytes }
            }
            return merged.isEmpty ? [] : try read(merged[...], depth: 0)
        } catch {
            throw DescriptorFailure("\(place): its google.api.http annotation can't be read: it \(error.reason)")
        }
    }

    private static func read(_ bytes: ArraySlice<UInt8>, depth: Int) throws(WireFailure) -> [HTTPRule] {
        var rule = HTTPRule(method: "", pattern: "")
        var additional: [HTTPRule] = []
        var reader = WireReader(bytes)
        while let entry = try reader.next() {
            guard case .bytes(let content) = entry.value else { continue }
            switch entry.number {
            case 2...6:
                rule.method = ["GET", "PUT", "POST", "DELETE", "PATCH"][entry.number - 2]
                rule.pattern = String(decoding: content, as: UTF8.self)
            case 7: rule.body = String(decoding: content, as: UTF8.self)
            case 8: try rule.readCustom(content)
            // Bindings don't nest (http.proto): those of an additional binding are not read.
            case 11 where depth == 0 && additional.count < maximumBindings:
                additional += try read(content, depth: 1)
            case 12: rule.responseBody = String(decoding: content, as: UTF8.self)
            default: break
            }
        }
        return [rule] + additional
    }

    private mutating func readCustom(_ bytes: ArraySlice<UInt8>) throws(WireFailure) {
        var reader = WireReader(bytes)
        while let entry = try reader.next() {
            guard case .bytes(let content) = entry.value else { continue }
            if entry.number == 1 { method = String(decoding: content, as: UTF8.self) }
            if entry.number == 2 { pattern = String(decoding: content, as: UTF8.self) }
        }
    }
}
