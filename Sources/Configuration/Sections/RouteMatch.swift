import Policies

/// `match` of a route: which requests take it.
struct RouteMatch: Sendable {
    var hosts: [String] = []
    /// Nil: what is written is no path, which was reported.
    var path = try? PathPattern("/**")
    var methods: [String] = []
    var headers: [FieldCondition] = []
    var query: [FieldCondition] = []

    static let kind = Kind<RouteMatch>.section("match", "a mapping such as { path: /users/{id}, methods: [GET] }") {
        section in
        var match = RouteMatch()
        match.hosts = section.value(
            "hosts", .oneOrMany(.hostPattern), default: [], "Host names; *.example.com for all below it. Absent: any.")
        let path = section.optional("path", .pathPattern, "/users/{id} or /files/**; absent: /**, which is every path.")
        if section.has("path") { match.path = path }
        match.methods = section.value(
            "methods", .oneOrMany(.method), default: [], "GET includes HEAD. Absent: any.")
        match.headers = section.value(
            "headers", .conditions(.token("the name of a header field")), default: [],
            "Header fields and their values; ~ starts a regular expression. All must hold.")
        match.query = section.value(
            "query", .conditions(.text("the name of a query parameter")), default: [],
            "Query parameters and their values; ~ starts a regular expression. All must hold.")
        return match
    }
}

extension Kind where Value == PathPattern {
    fileprivate static var pathPattern: Kind {
        Kind<String>.text("a path such as /users/{id} or /files/**").map { text, reader in
            do throws(PathPattern.Malformed) {
                return try PathPattern(text)
            } catch {
                reader.reportValue(error.reason)
                return nil
            }
        }
    }
}

extension Kind where Value == String {
    static var hostPattern: Kind {
        let noun = "a host name such as api.example.com or *.example.com"
        return .scalar(noun, schema: ["type": "string"]) { text throws(ScalarProblem) in
            let host = text.value.lowercased()
            let name = host.hasPrefix("*.") ? host.dropFirst(2) : host[...]
            guard isHostName(name) || isBracketedAddress(name) else {
                let withoutPort = host.prefix { $0 != ":" }
                let isPort = host != withoutPort && isHostName(withoutPort)
                throw .expected(isPort ? "\(noun), without port" : nil, suggestion: isPort ? "\(withoutPort)" : nil)
            }
            return host
        }
    }

    private static func isBracketedAddress(_ text: Substring) -> Bool {
        text.hasPrefix("[") && text.hasSuffix("]") && IPAddress(String(text.dropFirst().dropLast())) != nil
    }

    /// Methods are case-sensitive (RFC 9110, 9.1), and all registered ones are upper case.
    fileprivate static var method: Kind {
        .scalar("a method in upper case, such as GET", schema: .pattern("^[A-Z][A-Z0-9_-]*$")) {
            text throws(ScalarProblem) in
            guard isToken(text.value), text.value == text.value.uppercased() else {
                let upper = text.value.uppercased()
                throw .expected(suggestion: isToken(upper) && upper != text.value ? upper : nil)
            }
            return text.value
        }
    }
}

extension Kind where Value == [FieldCondition] {
    /// A mapping from names to a literal value or `~expression`.
    static func conditions(_ name: Kind<String>) -> Kind {
        let value = Kind<String>.scalar(
            "a value, or a regular expression that starts with ~",
            schema: ["type": ["string", "number", "boolean"]]
        ) { text throws(ScalarProblem) in text.value }
        return .entries(noun: "a mapping from names to values", schema: value.schema) { key, reader in
            guard let name = name.read(reader.ofKey(key)), let text = value.read(reader) else { return nil }
            do throws(FieldCondition.Malformed) {
                return try FieldCondition(name: name, text: text)
            } catch {
                reader.reportValue(error.reason)
                return nil
            }
        }
    }
}
