/// `consumers`: who may call, with which API keys and entitlements.
package struct ConsumerSettings: Hashable, Sendable {
    package var id: String
    /// The name of a plan.
    package var plan: String?
    /// `sha256:` and 64 lower-case hexadecimal digits each; no key is in two consumers.
    package var keyHashes: [String]
    package var scopes: [String]

    static let kind = Kind<ConsumerSettings>.section(
        "consumer", "a consumer such as { id: acme, plan: gold, keys: [sha256:…] }"
    ) { section in
        let id = section.required("id", .consumerID, "Who it is, in limits and logs.")
        let plan = section.optional("plan", .reference(to: .plans), "The plan whose limits apply.")
        let keys = section.value(
            "keys", .list(.keyHash), default: [], "SHA-256 of its API keys, never the keys themselves.")
        let scopes = section.value("scopes", .list(.scope), default: [], "What it may do, where routes ask for scopes.")
        return id.map { ConsumerSettings(id: $0, plan: plan, keyHashes: keys, scopes: scopes) }
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

    /// A key in clear may stand here by mistake, so no message shows it.
    fileprivate static var keyHash: Kind {
        let noun = "the hash of an API key: sha256: and 64 hexadecimal digits"
        return Kind(noun: noun, schema: { _ in .pattern("^sha256:[0-9a-fA-F]{64}$") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            let hash = text.value.lowercased()
            let digits = hash.dropFirst("sha256:".count)
            guard hash.hasPrefix("sha256:"), digits.utf8.count == 64, digits.allSatisfy({ $0.isHexDigit && $0.isASCII })
            else {
                reader.report("expected \(noun)", hint: "make it with: printf %s KEY | sha256sum")
                return nil
            }
            reader.context.claim(hash, asThe: "API key", isShown: false, at: reader)
            return hash
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
