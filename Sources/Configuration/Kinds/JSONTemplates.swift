import Policies

/// Values of JSON as they are written in YAML: texts are templates; plain `true`, `null` and numbers are what they look like.
extension Kind where Value == JSONTemplate {
    static func jsonTemplate(in scope: RequestScope) -> Kind {
        Kind(noun: "a value, whose texts may be templates", schema: { _ in [:] }) { reader, _ in
            read(reader, scope)
        }
    }

    private static func read(_ reader: NodeReader, _ scope: RequestScope) -> JSONTemplate? {
        switch reader.node.content {
        case .empty: return .literal(Array("null".utf8))
        case .list(let items):
            let values = items.indices.compactMap { read(reader.itemReader($0), scope) }
            return values.count == items.count ? simplified(.array(values)) : nil
        case .mapping(let entries):
            let members = entries.compactMap { entry in
                read(reader.entry(entry), scope).map {
                    JSONTemplate.Member(name: JSONTemplate.quoted(entry.key), value: $0)
                }
            }
            return members.count == entries.count ? simplified(.object(members)) : nil
        case .scalar(_, let isQuoted):
            guard let text = reader.text(expected: "a value") else { return nil }
            if !isQuoted, let word = plain(text.value) { return .literal(Array(word.utf8)) }
            guard
                let template = Kind<RequestTemplate>.template("a text such as \"{claims.sub}\"", in: scope).read(reader)
            else { return nil }
            return template.constant.map { .literal(JSONTemplate.quoted(String(decoding: $0, as: UTF8.self))) }
                ?? .text(template)
        }
    }

    private static func plain(_ text: String) -> String? { text == "~" ? "null" : JSONLiteral.isOne(text) ? text : nil }

    /// One text of JSON, if nothing in it is a template.
    private static func simplified(_ template: JSONTemplate) -> JSONTemplate {
        guard template.references.isEmpty else { return template }
        var text: [UInt8] = []
        return template.render(into: &text, from: NoValues()) ? .literal(text) : template
    }
}

private struct NoValues: TemplateValues {
    func withValue(of reference: RequestReference, _ body: (UnsafeBufferPointer<UInt8>, ValueCoding) -> Void) {}
}
