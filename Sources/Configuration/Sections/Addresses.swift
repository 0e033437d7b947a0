import Policies

/// `addresses` of a route: from where it may be taken.
extension Kind where Value == AddressRules {
    static var addressRules: Kind {
        .section("addresses", "a mapping such as { allow: [10.0.0.0/8] }") { section in
            let rules = AddressRules(
                allowed: section.value(
                    "allow", .oneOrMany(.networkRange), default: [],
                    "Clients' addresses and blocks that are let in; absent: all but what deny says."),
                denied: section.value(
                    "deny", .oneOrMany(.networkRange), default: [],
                    "Addresses and blocks that are not, also where allow has them."))
            if !section.has("allow"), !section.has("deny") {
                section.reader.report("expected addresses", hint: "add allow, deny, or both")
                return nil
            }
            return rules
        }
    }
}
