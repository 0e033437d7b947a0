/// The messages and enums of a descriptor set as compiled tables. Types refer to each other by index, so that messages
/// that hold themselves are no cycle of references, and the whole is immutable and shared by all workers.
final class Schema: Sendable {
    let messages: [MessageType]
    let enums: [EnumType]
    private let messageIndexes: [String: Int]

    init(messages: [MessageType], enums: [EnumType], messageIndexes: [String: Int]) {
        self.messages = messages
        self.enums = enums
        self.messageIndexes = messageIndexes
    }

    /// The index of the message with the full name `name`, as in `google.rpc.Status`.
    func message(named name: String) -> Int? { messageIndexes[name] }
}

struct MessageType: Sendable {
    let name: String
    /// Ordered by number: the order of the wire and of printed JSON.
    let fields: [Field]
    let isMapEntry: Bool
    let wellKnown: WellKnownType?
    private let indexByNumber: [Int: Int]
    private let indexByName: [String: Int]

    init(name: String, fields: [Field], isMapEntry: Bool) {
        let fields = fields.sorted { $0.number < $1.number }
        var byNumber: [Int: Int] = [:]
        var byName: [String: Int] = [:]
        // Two passes: where one field's JSON name is another's own name, the JSON name wins.
        for (index, field) in fields.enumerated() {
            byNumber[field.number] = index
            byName[field.name] = index
        }
        for (index, field) in fields.enumerated() { byName[field.jsonName] = index }
        self.name = name
        self.fields = fields
        self.isMapEntry = isMapEntry
        self.wellKnown = WellKnownType(fullName: name)
        self.indexByNumber = byNumber
        self.indexByName = byName
    }

    func index(ofNumber number: Int) -> Int? { indexByNumber[number] }
    /// By JSON name or by the name in the `.proto` file: a parser accepts both.
    func index(ofName name: String) -> Int? { indexByName[name] }
    func field(named name: String) -> Field? { indexByName[name].map { fields[$0] } }
}

struct Field: Sendable {
    enum Kind: Hashable, Sendable {
        case double, float
        case int32, int64, uint32, uint64, sint32, sint64
        case fixed32, fixed64, sfixed32, sfixed64
        case bool, string, bytes
        case enumeration(Int)
        case message(Int)
    }

    let name: String
    let jsonName: String
    let number: Int
    let kind: Kind
    let isRepeated: Bool
    /// Set where the field is a map: `kind` is then the entry message.
    let isMap: Bool
    let isPacked: Bool
    /// Whether "absent" and "default" are different things: such a default is sent, such an absence is not printed.
    let hasPresence: Bool
    /// Which `oneof` of its message the field is a member of (proto3 `optional` is none).
    let oneof: Int?
}

struct EnumType: Sendable {
    let name: String
    let isClosed: Bool
    let numberByName: [String: Int32]
    /// Aliases share a number; the first name declared is the one printed.
    let nameByNumber: [Int32: String]
    let firstNumber: Int32

    var isNullValue: Bool { name == "google.protobuf.NullValue" }
}
