import CHiredis

/// A reply as hiredis parsed it: a view that is valid only during the callback it is given to.
package struct RedisReply {
    package enum Kind: Hashable, Sendable {
        case string
        case status
        case error
        case integer
        case null
        case array
        /// A RESP3 type; never sent to a client that did not ask for it.
        case other
    }

    private let object: UnsafePointer<redisReply>

    package init(_ object: UnsafePointer<redisReply>) {
        self.object = object
    }

    package var kind: Kind {
        switch object.pointee.type {
        case REDIS_REPLY_STRING: .string
        case REDIS_REPLY_STATUS: .status
        case REDIS_REPLY_ERROR: .error
        case REDIS_REPLY_INTEGER: .integer
        case REDIS_REPLY_NIL: .null
        case REDIS_REPLY_ARRAY: .array
        default: .other
        }
    }

    /// The integer; nil if the reply is none.
    package var integer: Int? { kind == .integer ? Int(object.pointee.integer) : nil }

    /// The bytes of a string, status or error; empty for the rest.
    package var bytes: UnsafeRawBufferPointer {
        guard let start = object.pointee.str else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: start, count: Int(object.pointee.len))
    }

    /// The bytes as text.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// How many elements an array has; 0 for the rest.
    package var count: Int { kind == .array ? Int(object.pointee.elements) : 0 }

    /// An element of an array; nil outside of it.
    package subscript(index: Int) -> RedisReply? {
        guard index >= 0, index < count, let element = object.pointee.element[index] else { return nil }
        return RedisReply(element)
    }

    /// A copy that may be kept.
    package var value: RedisValue {
        switch kind {
        case .string: .string(Array(bytes))
        case .status: .status(text)
        case .error: .error(text)
        case .integer: .integer(Int(object.pointee.integer))
        case .array: .array((0..<count).map { self[$0]?.value ?? .null })
        case .null, .other: .null
        }
    }
}
