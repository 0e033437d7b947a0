import GatewayCore
import JSON

/// The value of a field that tells an upstream who is calling: text with `{consumer.id}`, `{consumer.plan}`, `{scopes}`, `{roles}` and
/// `{claims.PATH}` in it.
package struct IdentityTemplate: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case text(String)
        case consumer, plan, scopes, roles
        case claim(ClaimPath)
    }

    let parts: [Part]

    /// Nil: it is no template of this kind. `{` and `}` stand for nothing else.
    package init?(_ text: String) {
        var parts: [Part] = []
        var rest = text[...]
        while !rest.isEmpty {
            let literal = rest.prefix { $0 != "{" }
            guard !literal.contains("}") else { return nil }
            if !literal.isEmpty { parts.append(.text(String(literal))) }
            rest = rest[literal.endIndex...]
            guard !rest.isEmpty else { break }
            guard let end = rest.firstIndex(of: "}"),
                let part = Self.part(rest[rest.index(after: rest.startIndex)..<end])
            else { return nil }
            parts.append(part)
            rest = rest[rest.index(after: end)...]
        }
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    private static func part(_ name: Substring) -> Part? {
        switch name {
        case "consumer.id": .consumer
        case "consumer.plan": .plan
        case "scopes": .scopes
        case "roles": .roles
        default: name.hasPrefix("claims.") && name.count > 7 ? .claim(ClaimPath(String(name.dropFirst(7)))) : nil
        }
    }

    /// Nil: the caller lacks one of its parts. A list of scalars is its elements, parted by commas; an object is JSON.
    func value(_ identity: Identity) -> String? {
        var value = ""
        for part in parts {
            guard let text = Self.text(part, identity) else { return nil }
            value += text
        }
        return value
    }

    private static func text(_ part: Part, _ identity: Identity) -> String? {
        switch part {
        case .text(let text): return text
        case .consumer: return identity.consumer
        case .plan: return identity.plan
        case .scopes: return identity.scopes.isEmpty ? nil : identity.scopes.joined(separator: " ")
        case .roles: return identity.roles.isEmpty ? nil : identity.roles.joined(separator: ",")
        case .claim(let path):
            guard let list = identity.claim(path)?.array else { return identity.claimText(path) }
            let texts = list.compactMap(\.scalarText)
            return texts.count == list.count ? texts.joined(separator: ",") : identity.claimText(path)
        }
    }
}
