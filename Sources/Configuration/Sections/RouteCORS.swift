import Policies

/// `cors` of a route, and at the top of a file, where it is a place for an anchor.
extension Kind where Value == CORSRules? {
    static var cors: Kind {
        .section("cors", "a mapping such as { origins: [\"https://app.example.com\"] }") { section in
            var rules = CORSRules()
            let origins = section.required(
                "origins", .nonEmpty(.oneOrMany(.corsOrigin)),
                "Origins whose pages may call: scheme and host, https://*.example.com for all below a name, or *.")
            let methods = section.optional(
                "methods", .nonEmpty(.oneOrMany(.token("a method such as GET"))), "Methods that they may use.")
            if let methods { rules.methods = methods.map { $0.uppercased() } }
            let headers = section.optional(
                "headers", .oneOrMany(.corsHeader), "Request fields that they may send; absent or *: any.")
            if let headers, !headers.contains("*") { rules.headers = .listed(headers) }
            rules.exposed = section.value(
                "expose", .oneOrMany(.corsHeader), default: rules.exposed, "Response fields that they may read.")
            rules.allowsCredentials = section.value(
                "credentials", .boolean, default: rules.allowsCredentials,
                "Whether their requests may carry cookies and credentials.")
            let age = section.value(
                "max_age", .duration(0...86_400_000_000), default: 600_000_000,
                "How long a browser may remember what it was told.")
            rules.maximumAgeSeconds = age / 1_000_000
            rules.allowsPrivateNetwork = section.value(
                "private_network", .boolean, default: rules.allowsPrivateNetwork,
                "Whether public pages may call although this gateway is in a private network.")
            guard let origins else { return nil }
            guard origins.contains("*") else {
                rules.origins = .listed(origins.compactMap { OriginPattern($0) })
                return .some(rules)
            }
            if rules.allowsCredentials || origins.count > 1 {
                section.place(of: "origins").report(
                    "any origin can't be allowed \(origins.count > 1 ? "beside others" : "with credentials")",
                    hint: "list the origins that are meant")
                return nil
            }
            return .some(rules)
        }
    }
}

extension Kind where Value == String {
    fileprivate static var corsOrigin: Kind {
        .scalar("an origin such as https://app.example.com, or *", schema: ["type": "string"]) {
            text throws(ScalarProblem) in
            guard text.value == "*" || OriginPattern(text.value) != nil else { throw .expected() }
            return text.value
        }
    }

    fileprivate static var corsHeader: Kind {
        .scalar("the name of a header field, or *", schema: ["type": "string"]) { text throws(ScalarProblem) in
            let isName = text.value.utf8.allSatisfy {
                $0 > 0x20 && $0 < 0x7F && !"()<>@,;:\\\"/[]?={}".utf8.contains($0)
            }
            guard !text.value.isEmpty, isName else { throw .expected() }
            return text.value
        }
    }
}
