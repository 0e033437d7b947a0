import Policies

/// `headers`, `query` and `cookies` of `request` and `response`: what is removed, renamed, set and added, in this order.
extension Kind where Value == FieldShaping {
    static func headerShaping(in scope: RequestScope) -> Kind {
        .section("headers", "a mapping such as { set: { X-Tenant: \"{claims.tenant}\" }, remove: [Cookie] }") {
            section in
            var shaping = FieldShaping()
            shaping.remove = section.value(
                "remove", .oneOrMany(.removedField), default: [],
                "Names of fields that go; a name that ends in * stands for all that begin so.")
            shaping.rename = section.value(
                "rename", .renamings(.shapedField, to: .shapedField), default: [],
                "New names of fields, by the old ones.")
            shaping.set = section.value(
                "set", .changes(of: .shapedField, to: .fieldTemplate(in: scope)), default: [],
                "Fields that replace all of their name; templates such as {claims.sub} or {header.X | default(none)}.")
            shaping.add = section.value(
                "add", .changes(of: .shapedField, to: .fieldTemplate(in: scope)), default: [],
                "Fields that are added to those of their name.")
            return shaping
        }
    }

    static func queryShaping(in scope: RequestScope) -> Kind {
        let name = Kind<String>.text("the name of a query parameter")
        return .section("query_shaping", "a mapping such as { set: { v: \"2\" }, remove: [debug] }") { section in
            var shaping = FieldShaping()
            shaping.remove = section.value(
                "remove", .oneOrMany(name), default: [],
                "Names of parameters that go; a name that ends in * stands for all that begin so.")
            shaping.rename = section.value(
                "rename", .renamings(name, to: name), default: [], "New names of parameters, by the old ones.")
            let value = Kind<RequestTemplate>.template("a text such as \"{claims.sub}\"", in: scope)
            shaping.set = section.value(
                "set", .changes(of: name, to: value), default: [], "Parameters that replace all of their name.")
            shaping.add = section.value(
                "add", .changes(of: name, to: value), default: [], "Parameters that are added to those of their name.")
            return shaping
        }
    }

    static func cookieShaping(in scope: RequestScope) -> Kind {
        let name = Kind<String>.token("the name of a cookie")
        return .section("cookies", "a mapping such as { remove: [tracking] }") { section in
            var shaping = FieldShaping()
            shaping.remove = section.value(
                "remove", .oneOrMany(name), default: [],
                "Names of cookies that go; a name that ends in * stands for all that begin so.")
            shaping.rename = section.value(
                "rename", .renamings(name, to: name), default: [], "New names of cookies, by the old ones.")
            shaping.set = section.value(
                "set", .changes(of: name, to: .fieldTemplate(in: scope)), default: [],
                "Cookies that replace those of their name.")
            return shaping
        }
    }
}

extension Kind where Value == [FieldShaping.Change] {
    /// Values by name, in the order of the file.
    fileprivate static func changes(of name: Kind<String>, to value: Kind<RequestTemplate>) -> Kind {
        .entries(noun: "a mapping from names to values", schema: value.schema) { entry, reader in
            let name = name.read(reader.ofKey(entry))
            guard let value = value.read(reader), let name else { return nil }
            return FieldShaping.Change(name: name, value: value)
        }
    }
}

extension Kind where Value == [FieldShaping.Renaming] {
    fileprivate static func renamings(_ from: Kind<String>, to: Kind<String>) -> Kind {
        .entries(noun: "a mapping from names to new names", schema: to.schema) { entry, reader in
            let from = from.read(reader.ofKey(entry))
            guard let to = to.read(reader), let from else { return nil }
            return FieldShaping.Renaming(from: from, to: to)
        }
    }
}

extension Kind where Value == String {
    /// A field that may be shaped: those that frame the message and the connection are the gateway's own.
    fileprivate static var shapedField: Kind {
        Kind.token("the name of a header field").map { name, reader in
            guard !framing.contains(name.lowercased()) else {
                reader.reportValue("\(name) is about the connection or the body's length, which the gateway sees to")
                return nil
            }
            return name
        }
    }

    fileprivate static var removedField: Kind {
        Kind.token("the name of a header field, or a beginning such as X-Internal-*").map { name, reader in
            guard !framing.contains(name.lowercased()), name.lowercased() != "host" else {
                reader.reportValue("\(name) can't be removed: every message needs it, or the gateway sees to it")
                return nil
            }
            guard !name.dropLast().contains("*"), name != "*" else {
                reader.reportValue("\(quoted(name)): \"*\" can only be the end of a name")
                return nil
            }
            return name
        }
    }

    private static var framing: Set<String> {
        [
            "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "te", "trailer",
            "upgrade", "expect",
        ]
    }
}
