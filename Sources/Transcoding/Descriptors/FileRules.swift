import SwiftProtobuf

/// What a file's syntax or edition says about all its fields: presence, packing, closed enums.
struct FileRules {
    private enum Syntax { case proto2, proto3, edition }

    /// How error messages name the file.
    let place: String
    private let syntax: Syntax
    private let features: Google_Protobuf_FeatureSet

    init(_ file: Google_Protobuf_FileDescriptorProto) {
        place = "file \"\(file.name)\""
        features = file.options.features
        switch file.syntax {
        case "proto3": syntax = .proto3
        case "editions": syntax = .edition
        default: syntax = .proto2
        }
    }

    func isGroup(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        if field.type == .group { return true }
        guard syntax == .edition, field.type == .message else { return false }
        let own = field.options.features
        return (own.hasMessageEncoding ? own : features).messageEncoding == .delimited
    }

    func hasPresence(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        if field.type == .message || field.hasOneofIndex { return true }
        switch syntax {
        case .proto2: return true
        case .proto3: return field.proto3Optional
        case .edition:
            let own = field.options.features
            return (own.hasFieldPresence ? own : features).fieldPresence != .implicit
        }
    }

    func isPacked(_ field: Google_Protobuf_FieldDescriptorProto) -> Bool {
        switch field.type {
        case .string, .bytes, .message, .group: return false
        default: break
        }
        switch syntax {
        case .proto2: return field.options.packed
        case .proto3: return !field.options.hasPacked || field.options.packed
        case .edition:
            let own = field.options.features
            return (own.hasRepeatedFieldEncoding ? own : features).repeatedFieldEncoding != .expanded
        }
    }

    func isClosed(_ descriptor: Google_Protobuf_EnumDescriptorProto) -> Bool {
        switch syntax {
        case .proto2: return true
        case .proto3: return false
        case .edition:
            let own = descriptor.options.features
            return (own.hasEnumType ? own : features).enumType == .closed
        }
    }
}
