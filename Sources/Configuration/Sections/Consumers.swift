/// `consumers`: who may call, with which API keys and entitlements.
package struct ConsumerSettings: Hashable, Sendable {
    package var id: String
    /// The name of a plan.
    package var plan: String?
    /// No key is in two consumers.
    package var keys: [ConsumerKeySettings]
    package var scopes: [String]

    static let kind = Kind<ConsumerSettings>.section(
        "consumer", "a consumer such as { id: acme, plan: gold, keys: [sha256:…] }"
    ) { section in
        let id = section.required("id", .consumerID, "Who it is, in limits and logs.")
        let plan = section.optional("plan", .reference(to: .plans), "The plan whose limits apply.")
        let keys = section.value(
            "keys", .list(ConsumerKeySettings.kind), default: [], "SHA-256 of its API keys, never the keys themselves.")
        let scopes = section.value("scopes", .list(.scope), default: [], "What it may do, where routes ask for scopes.")
        return id.map { ConsumerSettings(id: $0, plan: plan, keys: keys, scopes: scopes) }
    }
}

/// `plans`: limits that consumers share by contract.
package struct PlanSettings: Hashable, Sendable {
    /// Hold for each consumer over all routes; may be empty: no limit.
    package var terms: LimitTerms

    static let kind = Kind<PlanSettings>.section("plan", "a plan such as { limits: [50/second, 100000/day] }") {
        section in
        PlanSettings(terms: LimitTerms.read(section, rates: "limits", "Rates that each consumer of the plan may use."))
    }
}

extension PlanSettings {
    /// The keys that a plan has, each of which may be a field of a plan in Redis.
    package static let fieldNames = ["limits", "concurrency", "window", "zone", "burst", "cost", "shadow"]

    /// A plan as Redis holds it: each field is the text that the configuration would have after its key, `limits` without
    /// brackets: `50/second, 100000/day`. Fields of other names are none of a plan's.
    /// - Throws: `InvalidConfiguration`, whose places are in the text that is put together here.
    package init(fields: [String: String]) throws {
        let lines = Self.fieldNames.compactMap { name -> String? in
            guard let value = fields[name] else { return nil }
            // In a line of its own, so that a field can't be more than itself.
            let text = String(value.map { $0.isNewline ? " " : $0 }.prefix(4096))
            return name == "limits" ? "limits: [\(text)]" : "\(name): \(text)"
        }
        let text = lines.isEmpty ? "{}" : lines.joined(separator: "\n")
        self = try Kind.value(of: text, PlanSettings.kind, called: "plan")
    }
}

extension Kind where Value == String {
    /// Printable, without blanks and braces: it stands in Redis keys, whose hash tags are braces (STATE.md, Keys).
    fileprivate static var consumerID: Kind {
        let noun = "an id of 1 to 128 visible ASCII characters without { and }"
        return Kind.scalar(noun, schema: .pattern("^[!-z|~]{1,128}$")) { text throws(ScalarProblem) in
            let isVisible = text.value.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "{") && $0 != UInt8(ascii: "}")
            }
            guard isVisible, (1...128).contains(text.value.utf8.count) else { throw .expected() }
            return text.value
        }.map { id, reader in
            reader.context.claim(id, asThe: "id", at: reader)
            return id
        }
    }

    /// RFC 6749, 3.3.
    static var scope: Kind {
        .scalar("a scope without blanks, quotes and backslashes", schema: ["type": "string"]) {
            text throws(ScalarProblem) in
            let isScope = text.value.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
            guard isScope, !text.value.isEmpty else { throw .expected() }
            return text.value
        }
    }
}
