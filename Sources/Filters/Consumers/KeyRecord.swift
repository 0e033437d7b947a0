import Policies
import RedisClient

/// What Redis holds of an API key.
package struct KeyRecord: Hashable, Sendable {
    package let consumer: String
    package var plan: String?
    /// Nil: what its consumer may do.
    package var scopes: [String]?
    package var addresses: [NetworkRange] = []
    /// Seconds since 1970.
    package var expires: Int?
    /// Seconds since 1970; for people, and so is its name.
    package var created: Int?
    package var name: String?

    package init(consumer: String) { self.consumer = consumer }

    /// From the fields of its hash; nil if it names no consumer, or an address that is none: a key must not be good for
    /// more than was meant.
    package init?(fields: [String: String]) {
        guard let consumer = fields["consumer"], !consumer.isEmpty else { return nil }
        self.consumer = consumer
        plan = fields["plan"].flatMap { $0.isEmpty ? nil : $0 }
        scopes = fields["scopes"].map { ConsumerRecord.words($0) }
        expires = fields["expires"].flatMap { Int($0) }
        created = fields["created"].flatMap { Int($0) }
        name = fields["name"]
        for text in ConsumerRecord.words(fields["addresses"] ?? "") {
            guard let range = try? NetworkRange(text) else { return nil }
            addresses.append(range)
        }
    }

    /// The fields of its hash, in turn with their values.
    var words: [String] {
        var words = ["consumer", consumer]
        if let name { words += ["name", name] }
        if let plan { words += ["plan", plan] }
        if let scopes { words += ["scopes", scopes.joined(separator: " ")] }
        if !addresses.isEmpty { words += ["addresses", addresses.map(\.description).joined(separator: " ")] }
        if let created { words += ["created", "\(created)"] }
        if let expires { words += ["expires", "\(expires)"] }
        return words
    }
}

/// What `key.lua` answers.
struct KeyReply {
    /// Nil: there is no such key, or it is not to be understood.
    let key: KeyRecord?
    /// Nil: for ever.
    let leftMicroseconds: Int?
    /// Nil: not asked for.
    let consumer: ConsumerRecord??

    /// - Returns: nil for a reply of another shape.
    init?(_ reply: RedisReply) {
        guard reply.kind != .null else {
            (key, leftMicroseconds, consumer) = (nil, nil, nil)
            return
        }
        guard reply.count == 3, let fields = reply[0]?.value.dictionary, let text = reply[1]?.text else { return nil }
        // An end that is no time, as somebody may have written by hand, is no leave to go on for ever.
        let left = Int(text) ?? 0
        key = KeyRecord(fields: fields)
        leftMicroseconds = left < 0 ? nil : min(left, 1 << 52)
        if let others = reply[2], others.kind == .array, let id = key?.consumer {
            consumer = .some(ConsumerRecord(id: id, fields: others.value.dictionary))
        } else {
            consumer = nil
        }
    }
}
