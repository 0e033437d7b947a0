import Policies

/// The texts of an aggregation: paths, header fields, query parameters, and JSON bodies.
extension Kind where Value == AggregationTemplate {
    fileprivate static func template(_ noun: String, _ scope: AggregationScope) -> Kind {
        Kind(noun: noun, schema: { _ in ["type": ["string", "number", "boolean"]] }) { reader, noun in
            reader.text(expected: noun).flatMap { reader.template($0.value, scope) }
        }
    }
}

extension NodeReader {
    /// - Parameter offset: where the text begins within what is written.
    fileprivate func template(_ text: String, _ scope: AggregationScope, at offset: Int = 0) -> AggregationTemplate? {
        do throws(TemplateProblem) {
            return try scope.template(text)
        } catch {
            reportTemplate(TemplateProblem(error.reason, hint: error.hint, at: error.offset + offset))
            return nil
        }
    }
}

// MARK: Paths

struct StepPath: Sendable {
    var template: AggregationTemplate
    var query: [NamedTemplate]
}

extension AggregationTemplate {
    static var empty: AggregationTemplate { (try? AggregationScope(steps: [], path: nil).template("/"))! }
}

extension Kind where Value == StepPath {
    /// `/users/{order.user_id}`, and maybe `?name=value` behind it.
    static func stepPath(_ scope: AggregationScope) -> Kind {
        Kind(noun: "a path such as \"/users/{order.user_id}\"", schema: { _ in ["type": "string"] }) { reader, noun in
            guard let text = reader.text(expected: noun)?.value else { return nil }
            let mark = firstQuestionMark(text) ?? text.endIndex
            let path = String(text[..<mark])
            guard path.hasPrefix("/"), hasOnlyPathBytes(path) else {
                reader.report(
                    "\(quoted(reader.written)): expected \(noun)",
                    hint: path.hasPrefix("/") ? "percent-encode what is neither a letter nor a digit" : "begin with /")
                return nil
            }
            guard !path.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
                reader.report("\(quoted(reader.written)) has a dot segment", hint: "write the path without it")
                return nil
            }
            guard let template = reader.template(path, scope) else { return nil }
            var parameters: [NamedTemplate] = []
            var start = mark
            while start < text.endIndex {
                let from = text.index(after: start)
                let end = text[from...].firstIndex(of: "&") ?? text.endIndex
                let pair = text[from..<end]
                let name = pair.prefix { $0 != "=" }
                let offset = text.utf8.distance(from: text.startIndex, to: from) + name.utf8.count + 1
                guard let value = reader.template(String(pair.dropFirst(name.count + 1)), scope, at: offset) else {
                    return nil
                }
                if !name.isEmpty { parameters.append(NamedTemplate(String(name), value)) }
                start = end
            }
            return StepPath(template: template, query: parameters)
        }
    }

    /// Outside of braces.
    private static func firstQuestionMark(_ text: String) -> String.Index? {
        var depth = 0
        return text.indices.first { index in
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            return text[index] == "?" && depth == 0
        }
    }

    private static func hasOnlyPathBytes(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in byte > 0x20 && byte < 0x7F && !"#\"<>\\^`".utf8.contains(byte) || byte == 0x20 }
            && !literal(text).contains(" ")
    }

    /// Without what stands in braces, where blanks may be.
    private static func literal(_ text: String) -> String {
        var depth = 0
        return text.filter { character in
            if character == "{" { depth += 1 }
            defer { if character == "}" { depth -= 1 } }
            return depth == 0
        }
    }
}

// MARK: Names with texts

extension Kind where Value == [NamedTemplate] {
    static func queryTemplates(_ scope: AggregationScope) -> Kind {
        let value = Kind<AggregationTemplate>.template("a text such as \"{query.page}\"", scope)
        return .entries(noun: "a mapping from names to texts", schema: value.schema) { key, reader in
            guard let template = value.read(reader), !key.key.isEmpty else { return nil }
            var name: [UInt8] = []
            Array(key.key.utf8).withUnsafeBufferPointer {
                PercentText.append($0, to: &name, keeping: PercentText.isUnreserved)
            }
            return NamedTemplate(String(decoding: name, as: UTF8.self), template)
        }
    }

    static func headerTemplates(_ scope: AggregationScope) -> Kind {
        let value = Kind<AggregationTemplate>.template("a text such as \"{claims.sub}\"", scope)
        return .entries(noun: "a mapping from names of header fields to texts", schema: value.schema) { key, reader in
            guard let name = Kind<String>.ownField.read(reader.ofKey(key)), let template = value.read(reader) else {
                return nil
            }
            guard template.text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                reader.reportValue("a header's value is one line, without control characters")
                return nil
            }
            return NamedTemplate(name, template)
        }
    }
}

extension Kind where Value == String {
    /// A field that is not the gateway's own to write.
    fileprivate static var ownField: Kind {
        Kind.token("the name of a header field").map { name, reader in
            guard !gatewaysFields.contains(name.lowercased()) else {
                reader.report("\(name) is written by sluice itself", hint: "remove it")
                return nil
            }
            return name
        }
    }

    private static var gatewaysFields: Set<String> {
        [
            "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect",
            "proxy-connection", "accept-encoding", "content-encoding", "via", "x-request-id", "traceparent",
            "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
        ]
    }
}

struct StepHeaders: Sendable {
    var set: [NamedTemplate] = []
    /// In lower case.
    var remove: [String] = []
}

extension Kind where Value == StepHeaders {
    /// `{ X-Tenant: text }`, or `{ set: { X-Tenant: text }, remove: [Cookie] }`.
    static func stepHeaders(_ scope: AggregationScope) -> Kind {
        let plain = Kind<[NamedTemplate]>.headerTemplates(scope)
        let both = Kind.section("step_headers", "a mapping such as { set: { X-Tenant: a }, remove: [Cookie] }") {
            section in
            var headers = StepHeaders()
            headers.set = section.value("set", plain, default: [], "Fields in place of the client's.")
            headers.remove = section.value(
                "remove", .oneOrMany(.ownField), default: [], "Fields of the client's that are left out."
            ).map { $0.lowercased() }
            return headers
        }
        return Kind(
            noun: "a mapping from names of header fields to texts, or { set: {…}, remove: […] }",
            schema: { drawing in ["anyOf": [both.schema(drawing), plain.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping(let entries) = reader.node.content,
                    entries.contains(where: { $0.key == "set" || $0.key == "remove" })
                {
                    return both.read(reader)
                }
                return plain.described(as: noun).read(reader).map { StepHeaders(set: $0) }
            })
    }
}

extension Kind where Value == AggregationReference {
    /// `order.items`, with or without braces.
    static func listReference(_ scope: AggregationScope) -> Kind {
        Kind(noun: "a list of a step's answer, such as order.items", schema: { _ in ["type": "string"] }) {
            reader, noun in
            guard let text = reader.text(expected: noun)?.value,
                let template = reader.template(text.hasPrefix("{") ? text : "{\(text)}", scope)
            else { return nil }
            guard let reference = template.onlyReference, reference.step != nil else {
                reader.report("\(quoted(reader.written)): expected \(noun)")
                return nil
            }
            return reference
        }
    }
}

// MARK: Bodies

extension Kind where Value == BodyTemplate {
    /// Any YAML value: what is quoted, or no number, truth value or null, is a text with references.
    static func bodyTemplate(_ scope: AggregationScope) -> Kind {
        Kind(noun: "a JSON value such as { order: \"{order}\" }", schema: { _ in [:] }) { reader, _ in
            read(reader, scope)
        }
    }

    private static func read(_ reader: NodeReader, _ scope: AggregationScope) -> BodyTemplate? {
        switch reader.node.content {
        case .empty: return .literal("null")
        case .scalar:
            guard let text = reader.text(expected: "a text") else { return nil }
            if !text.isQuoted, JSONLiteral.isOne(text.value) { return .literal(text.value) }
            return reader.template(text.value, scope).map { .text($0) }
        case .list(let items):
            let elements = items.indices.compactMap { read(reader.itemReader($0), scope) }
            return elements.count == items.count ? .array(elements) : nil
        case .mapping(let entries):
            let members = entries.compactMap { entry in
                read(reader.entry(entry), scope).map { BodyTemplate.Member(entry.key, $0) }
            }
            return members.count == entries.count ? .object(members) : nil
        }
    }
}
