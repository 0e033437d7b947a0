/// Where a claim stands within others: `tenant`, `realm_access.roles`, `https://example.com/roles`.
///
/// Dots lead into objects, and may also be part of a name, as they are in URLs. The longest name that exists is taken: a
/// member that is called like the whole path, else what lies inside the member that is called like most of it, and so on.
package struct ClaimPath: Hashable, Sendable, ExpressibleByStringLiteral {
    package let text: String
    /// `names[first][count - 1]` is made of so many parts of the path, from that one on.
    private let names: [[String]]

    /// Further dots belong to the last part.
    package static let maximumParts = 8

    package init(_ text: String) {
        self.text = text
        let parts = text.split(separator: ".", maxSplits: Self.maximumParts - 1, omittingEmptySubsequences: false)
        names = parts.indices.map { first in
            (first..<parts.count).map { parts[first...$0].joined(separator: ".") }
        }
    }

    package init(stringLiteral text: String) { self.init(text) }

    /// Nil: there is no such claim.
    package func value(in claims: JSONObject) -> JSONValue? { value(in: claims, from: 0) }

    private func value(in object: JSONObject, from first: Int) -> JSONValue? {
        for (index, name) in names[first].enumerated().reversed() {
            guard let member = object[name] else { continue }
            let next = first + index + 1
            guard next < names.count else { return member }
            if let inner = member.object, let value = value(in: inner, from: next) { return value }
        }
        return nil
    }
}
