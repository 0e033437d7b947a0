/// What Redis holds of a consumer.
package struct ConsumerRecord: Hashable, Sendable {
    package let id: String
    package var plan: String?
    package var scopes: [String] = []
    /// Seconds since 1970; for people.
    package var created: Int?

    package init(id: String) { self.id = id }

    /// From the fields of its hash; nil if there are none.
    package init?(id: String, fields: [String: String]) {
        guard !fields.isEmpty else { return nil }
        self.id = id
        plan = fields["plan"].flatMap { $0.isEmpty ? nil : $0 }
        scopes = Self.words(fields["scopes"] ?? "")
        created = fields["created"].flatMap { Int($0) }
    }

    /// Apart by blanks.
    static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
