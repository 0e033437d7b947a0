import SwiftProtobuf

/// Makes a `Schema` of descriptor files: gathers the full names of all types first, since files and messages refer
/// forward and to themselves, then resolves each field.
struct SchemaCompiler {
    private struct PendingMessage {
        let name: String
        let descriptor: Google_Protobuf_DescriptorProto
        let file: FileRules
    }

    private struct PendingService {
        let name: String
        let descriptor: Google_Protobuf_ServiceDescriptorProto
        let file: FileRules
    }

    private static let maximumTypes = 65_536
    private static let maximumDepth = 32

    private var files: Set<String> = []
    private var messages: [PendingMessage] = []
    private var messageIndexes: [String: Int] = [:]
    private var enums: [EnumType] = []
    private var enumIndexes: [String: Int] = [:]
    private var services: [PendingService] = []

    mutating func add(_ file: Google_Protobuf_FileDescriptorProto) throws(DescriptorFailure) {
        let rules = FileRules(file)
        guard files.insert(file.name).inserted else { throw DescriptorFailure("\(rules.place) is in the set twice") }
        for descriptor in file.enumType { try add(descriptor, to: file.package, rules) }
        for descriptor in file.messageType { try add(descriptor, to: file.package, rules, depth: 1) }
        for descriptor in file.service {
            services.append(
                PendingService(name: join(file.package, descriptor.name), descriptor: descriptor, file: rules))
        }
    }

    /// Adds a file unless the set has one of that name, or one that defines any of the same messages.
    mutating func addMissing(_ file: Google_Protobuf_FileDescriptorProto) throws(DescriptorFailure) {
        let defined = file.messageType.contains { messageIndexes[join(file.package, $0.name)] != nil }
        if !defined, !files.contains(file.name) { try add(file) }
    }

    private mutating func add(
        _ descriptor: Google_Protobuf_DescriptorProto, to scope: String, _ file: FileRules, depth: Int
    ) throws(DescriptorFailure) {
        let name = join(scope, descriptor.name)
        guard depth <= Self.maximumDepth else {
            throw DescriptorFailure("\(file.place): message \(name) is nested deeper than \(Self.maximumDepth)")
        }
        try checkNew(name, file)
        messageIndexes[name] = messages.count
        messages.append(PendingMessage(name: name, descriptor: descriptor, file: file))
        for nested in descriptor.enumType { try add(nested, to: name, file) }
        for nested in descriptor.nestedType { try add(nested, to: name, file, depth: depth + 1) }
    }

    private mutating func add(
        _ descriptor: Google_Protobuf_EnumDescriptorProto, to scope: String, _ file: FileRules
    ) throws(DescriptorFailure) {
        let name = join(scope, descriptor.name)
        try checkNew(name, file)
        guard let first = descriptor.value.first else {
            throw DescriptorFailure("\(file.place): enum \(name) has no values")
        }
        enumIndexes[name] = enums.count
        enums.append(
            EnumType(
                name: name, isClosed: file.isClosed(descriptor),
                numberByName: Dictionary(descriptor.value.map { ($0.name, $0.number) }) { first, _ in first },
                nameByNumber: Dictionary(descriptor.value.map { ($0.number, $0.name) }) { first, _ in first },
                firstNumber: first.number))
    }

    private func checkNew(_ name: String, _ file: FileRules) throws(DescriptorFailure) {
        guard messageIndexes[name] == nil, enumIndexes[name] == nil else {
            throw DescriptorFailure("\(file.place): \(name) is defined twice in the descriptor set")
        }
        guard messages.count + enums.count < Self.maximumTypes else {
            throw DescriptorFailure("the descriptor set has more than \(Self.maximumTypes) types")
        }
    }

    private func join(_ scope: String, _ name: String) -> String { scope.isEmpty ? name : "\(scope).\(name)" }
}

/// The second step: names become indexes.
extension SchemaCompiler {
    func schema() throws(DescriptorFailure) -> Schema {
        var types: [MessageType] = []
        types.reserveCapacity(messages.count)
        for pending in messages { types.append(try compile(pending)) }
        return Schema(messages: types, enums: enums, messageIndexes: messageIndexes)
    }

    private func compile(_ pending: PendingMessage) throws(DescriptorFailure) -> MessageType {
        var fields: [Field] = []
        var numbers: Set<Int32> = []
        for descriptor in pending.descriptor.field {
            let place = "\(pending.file.place): message \(pending.name): field \(descriptor.name)"
            guard (1..<1 << 29).contains(descriptor.number), numbers.insert(descriptor.number).inserted else {
                throw DescriptorFailure("\(place) has number \(descriptor.number), which is taken or out of range")
            }
            // Groups have no JSON that all libraries agree on; they stay unknown fields.
            let field = try compile(descriptor, pending, place)
            let isOfMap = field.isMap || pending.descriptor.options.mapEntry
            if isOfMap || !pending.file.isGroup(descriptor) { fields.append(field) }
        }
        return MessageType(name: pending.name, fields: fields, isMapEntry: pending.descriptor.options.mapEntry)
    }

    private func compile(
        _ descriptor: Google_Protobuf_FieldDescriptorProto, _ pending: PendingMessage, _ place: String
    ) throws(DescriptorFailure) -> Field {
        let kind = try kind(of: descriptor, place)
        let isRepeated = descriptor.label == .repeated
        return Field(
            name: descriptor.name,
            jsonName: descriptor.hasJsonName ? descriptor.jsonName : FieldName.camel(descriptor.name),
            number: Int(descriptor.number), kind: kind, isRepeated: isRepeated,
            isMap: isRepeated && isMapEntry(kind),
            isPacked: isRepeated && pending.file.isPacked(descriptor),
            hasPresence: !isRepeated && pending.file.hasPresence(descriptor),
            oneof: descriptor.hasOneofIndex && !descriptor.proto3Optional ? Int(descriptor.oneofIndex) : nil)
    }

    private func isMapEntry(_ kind: Field.Kind) -> Bool {
        guard case .message(let index) = kind else { return false }
        let entry = messages[index].descriptor
        return entry.options.mapEntry && Set(entry.field.map(\.number)) == [1, 2]
    }

    private func kind(
        of descriptor: Google_Protobuf_FieldDescriptorProto, _ place: String
    ) throws(DescriptorFailure) -> Field.Kind {
        switch descriptor.type {
        case .double: return .double
        case .float: return .float
        case .int64: return .int64
        case .uint64: return .uint64
        case .int32: return .int32
        case .fixed64: return .fixed64
        case .fixed32: return .fixed32
        case .bool: return .bool
        case .string: return .string
        case .bytes: return .bytes
        case .uint32: return .uint32
        case .sfixed32: return .sfixed32
        case .sfixed64: return .sfixed64
        case .sint32: return .sint32
        case .sint64: return .sint64
        case .enum: return .enumeration(try index(of: descriptor.typeName, in: enumIndexes, place))
        case .message, .group: return .message(try index(of: descriptor.typeName, in: messageIndexes, place))
        }
    }

    private func index(
        of typeName: String, in indexes: [String: Int], _ place: String
    ) throws(DescriptorFailure) -> Int {
        let name = typeName.hasPrefix(".") ? String(typeName.dropFirst()) : typeName
        guard let index = indexes[name] else {
            throw DescriptorFailure("\(place) has type \(name), which no file defines; \(DescriptorSet.advice)")
        }
        return index
    }

    func methods(_ schema: Schema) throws(DescriptorFailure) -> [String: MethodType] {
        var methods: [String: MethodType] = [:]
        for service in services {
            for descriptor in service.descriptor.method {
                let name = "\(service.name)/\(descriptor.name)"
                let place = "\(service.file.place): method \(name)"
                methods[name] = MethodType(
                    name: name,
                    input: try index(of: descriptor.inputType, in: messageIndexes, place),
                    output: try index(of: descriptor.outputType, in: messageIndexes, place),
                    isClientStreaming: descriptor.clientStreaming, isServerStreaming: descriptor.serverStreaming,
                    rules: try HTTPRule.rules(of: descriptor.options, place))
            }
        }
        return methods
    }
}
