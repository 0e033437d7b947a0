import Policies

/// `request` of a route, of a version, of a gateway: what the service gets instead of what the client sent.
extension Kind where Value == RequestShaping {
    /// - Parameters:
    ///   - scope: what templates may name.
    ///   - path: of the route, whose parameters and `**` a new path may use; nil where there is no one route.
    static func requestShaping(in scope: RequestScope) -> Kind {
        .section("request", "a mapping such as { path: \"/v2/people/{id}\", headers: { remove: [Cookie] } }") {
            section in
            var shaping = RequestShaping()
            shaping.method = section.optional("method", .rewrittenMethod, "Another method; HEAD stays HEAD.")
            shaping.path = section.optional(
                "path", .pathRewriting(in: scope),
                "Another path, with parameters; ** at its end is what ** stands for in the route's path.")
            shaping.headers = section.value(
                "headers", .headerShaping(in: scope), default: FieldShaping(), "Changes to header fields.")
            shaping.query = section.value(
                "query", .queryShaping(in: scope), default: FieldShaping(), "Changes to query parameters.")
            shaping.cookies = section.value(
                "cookies", .cookieShaping(in: scope), default: FieldShaping(),
                "Changes to the cookies that are sent on.")
            shaping.body.read(section, scope)
            return shaping
        }
    }
}

/// `response` of a route, of a version, of a gateway: what the client gets instead of what the service answered.
extension Kind where Value == ResponseShaping {
    static func responseShaping(in scope: RequestScope) -> Kind {
        .section(
            "response",
            "a mapping such as { headers: { set: { X-Served-By: \"{node}\" } }, json: [{ remove: [internal] }] }"
        ) {
            section in
            var shaping = ResponseShaping()
            shaping.headers = section.value(
                "headers", .headerShaping(in: scope), default: FieldShaping(), "Changes to header fields.")
            shaping.cookies = section.value(
                "cookies", .responseCookies(in: scope), default: ResponseCookies(), "Changes to Set-Cookie.")
            shaping.body.read(section, scope)
            shaping.statuses = section.value(
                "statuses", .oneOrMany(.statusRange), default: [],
                "Statuses such as 200 or 2xx for which the body is changed; absent: all.")
            if section.has("statuses"), shaping.body.isEmpty {
                section.place(of: "statuses").report(
                    "statuses says for which the body is changed, but nothing is", hint: "add json, or remove it")
            }
            return shaping
        }
    }
}

extension BodyShaping {
    fileprivate mutating func read(_ section: SectionReader, _ scope: RequestScope) {
        steps = section.value(
            "json", .jsonSteps(in: scope), default: [],
            "Steps that change a body of JSON; other bodies pass as they are.")
        from = section.value(
            "from", .choice(["json": .json, "form": .form, "xml": .xml]), default: .json,
            "What the body comes as; forms and XML become JSON, and steps see that.")
        to = section.value(
            "to", .choice(["json": .json, "xml": .xml]), default: .json, "What the body goes on as, after all steps.")
        mostBytes = section.value(
            "max_body", .size(1...(64 << 20)), default: mostBytes,
            "The longest body that is changed, since it has to be held whole; a longer one is refused (413 or 502).")
        let invalid = section.value(
            "invalid", .choice(["refuse": false, "pass": true]), default: false,
            "What is done with a body that is not what it says: refused (400 or 502), or passed on as it is.")
        passesInvalid = invalid
    }
}

extension Kind where Value == String {
    fileprivate static var rewrittenMethod: Kind {
        Kind.token("a method such as POST").map { method, reader in
            let upper = method.uppercased()
            guard method == upper, method.utf8.count <= 16 else {
                reader.reportValue("methods are upper case: \(quoted(upper))")
                return nil
            }
            guard method != "HEAD", method != "CONNECT" else {
                reader.reportValue("no request can be turned into \(method), whose answer has no body")
                return nil
            }
            return method
        }
    }
}

extension Kind where Value == PathRewriting {
    fileprivate static func pathRewriting(in scope: RequestScope) -> Kind {
        Kind<String>.text("a path such as /v2/people/{id} or /v2/**").map { text, reader in
            var text = text
            guard text.hasPrefix("/") else {
                reader.report("a path starts with \"/\"", hint: "write /\(text)")
                return nil
            }
            guard !text.contains("?"), !text.contains("#") else {
                reader.report(
                    "a path ends before \"?\"", hint: "parameters of the query are set under query: { set: { … } }")
                return nil
            }
            let appendsRest = text.hasSuffix("/**")
            if appendsRest {
                guard scope.restReference != nil else {
                    reader.report(
                        "the route's path has no \"**\", so there is nothing for it to stand for here",
                        hint: "end the route's path in /**, or write the path in full")
                    return nil
                }
                text.removeLast(3)
            }
            guard let bad = text.split(separator: "/").first(where: { $0 == "." || $0 == ".." || $0 == "**" }) else {
                return compile(text, appendsRest, reader, scope)
            }
            reader.report(
                "\"\(bad)\" can't stand here",
                hint: bad == "**" ? "** is the last segment of a path" : "write the path without dot segments")
            return nil
        }
    }

    private static func compile(
        _ text: String, _ appendsRest: Bool, _ reader: NodeReader, _ scope: RequestScope
    ) -> PathRewriting? {
        do throws(TemplateProblem) {
            let template = try RequestTemplate(try TemplateText(text)) { expression throws(TemplateProblem) in
                try scope.bind(expression)
            }
            for case .literal(let literal) in try TemplateText(text).pieces {
                let isPath = literal.utf8.allSatisfy {
                    PercentText.isSegmentByte($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "%")
                }
                guard isPath else {
                    reader.report("\(quoted(literal)) holds characters that come percent-encoded in a path")
                    return nil
                }
            }
            return PathRewriting(template: template, rest: appendsRest ? scope.restReference : nil)
        } catch {
            reader.reportTemplate(error)
            return nil
        }
    }
}

extension Kind where Value == ClosedRange<Int> {
    /// `200`, `2xx`.
    fileprivate static var statusRange: Kind {
        .scalar(
            "a status such as 200 or 2xx",
            schema: ["anyOf": [["type": "integer", "minimum": 200, "maximum": 599], .pattern("^[2-5]([0-9]{2}|xx)$")]]
        ) { text throws(ScalarProblem) in
            if text.value.count == 3, text.value.hasSuffix("xx"), let first = text.value.first?.wholeNumberValue,
                (2...5).contains(first)
            {
                return first * 100...first * 100 + 99
            }
            guard let status = Int(digits: text.value), (200...599).contains(status) else { throw .expected() }
            return status...status
        }
    }
}

extension Kind where Value == ResponseCookies {
    fileprivate static func responseCookies(in scope: RequestScope) -> Kind {
        let name = Kind<String>.token("the name of a cookie")
        let value = Kind<ResponseCookies.Cookie>.responseCookie(in: scope)
        let set = Kind<[ResponseCookies.Cookie]>.entries(
            noun: "a mapping from names to values, such as { region: { value: eu, path: / } }", schema: value.schema
        ) { entry, reader in
            let name = name.read(reader.ofKey(entry))
            guard let cookie = value.read(reader), let name else { return nil }
            return ResponseCookies.Cookie(name: name, value: cookie.value, attributes: cookie.attributes)
        }
        return .section("set_cookies", "a mapping such as { remove: [session] }") { section in
            var cookies = ResponseCookies()
            cookies.remove = section.value(
                "remove", .oneOrMany(name), default: [], "Names of cookies that clients are not told to set.")
            cookies.set = section.value("set", set, default: [], "Cookies that clients are told to set.")
            return cookies
        }
    }
}

extension Kind where Value == ResponseCookies.Cookie {
    /// A value alone, or a mapping with attributes (RFC 6265 §4.1.2). The name is the key's.
    fileprivate static func responseCookie(in scope: RequestScope) -> Kind {
        let template = Kind<RequestTemplate>.fieldTemplate(in: scope)
        let full = Kind.section("set_cookie", "a value, or a mapping such as { value: eu, path: /, max_age: 24h }") {
            section in
            let value = section.required("value", template, "The value; what may not stand in one is percent-encoded.")
            var attributes = ""
            if let path = section.optional("path", .cookieAttribute, "The path below which it is sent.") {
                attributes += "; Path=\(path)"
            }
            if let domain = section.optional("domain", .cookieAttribute, "The domain that gets it.") {
                attributes += "; Domain=\(domain)"
            }
            if let age = section.optional("max_age", .duration(0...31_536_000_000_000), "How long it is kept.") {
                attributes += "; Max-Age=\(age / 1_000_000)"
            }
            if section.value("secure", .boolean, default: false, "Only over TLS.") { attributes += "; Secure" }
            if section.value("http_only", .boolean, default: false, "Not for scripts.") { attributes += "; HttpOnly" }
            let site = section.optional(
                "same_site", .choice(["strict": "Strict", "lax": "Lax", "none": "None"]), "Whether other sites send it."
            )
            if let site { attributes += "; SameSite=\(site)" }
            return value.map { ResponseCookies.Cookie(name: "", value: $0, attributes: attributes) }
        }
        return Kind(
            noun: full.noun,
            schema: { drawing in ["anyOf": [template.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return template.described(as: noun).read(reader).map {
                    ResponseCookies.Cookie(name: "", value: $0, attributes: "")
                }
            })
    }
}

extension Kind where Value == String {
    fileprivate static var cookieAttribute: Kind {
        Kind.text("a path or a host name").map { text, reader in
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ";") }) else {
                reader.reportValue("\(quoted(text)): an attribute of a cookie holds no blanks and no \";\"")
                return nil
            }
            return text
        }
    }
}
