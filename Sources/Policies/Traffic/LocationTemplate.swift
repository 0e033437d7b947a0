/// The target of a redirection, made of the request's URL: `https://new.example.com/{rest}`, `/people/{id | lower}`.
///
/// `{name}` is a parameter of the route's path, `{rest}` what its `**` stands for, `{path}` the whole path, `{query.NAME}` a
/// parameter of the query, `{host}` the host; with the filters that all templates have. Of nothing else: a permanent redirection is
/// kept by its URL. What is put in is percent-encoded, so that nothing in it can end the field's line, a segment or a parameter.
package struct LocationTemplate: Hashable, Sendable {
    /// Why a text is no target: a sentence for the user.
    package struct Malformed: Error, Hashable {
        package let reason: String
        package let hint: String?

        init(reason: String, hint: String? = nil) {
            self.reason = reason
            self.hint = hint
        }
    }

    private let path: Template<RequestReference>
    /// With its question mark; nil: the request's is added.
    private let query: Template<RequestReference>?

    /// Values in the path are not only the route's own.
    private let takesForeignValues: Bool

    /// The target has a query of its own: the request's is not added.
    package var hasQuery: Bool { query != nil }

    /// - Parameter path: of the route.
    package init(_ text: String, of path: PathPattern) throws(Malformed) {
        guard Self.hasFixedStart(text) else {
            throw Malformed(
                reason: "expected a URL such as https://www.example.com/{rest}, or a path such as /new/{rest}")
        }
        let template: Template<RequestReference>
        do throws(TemplateProblem) {
            let read = try TemplateText(text)
            guard read.pieces.allSatisfy(Self.isURL) else { throw Self.unwritable }
            template = try Template(read) { expression throws(TemplateProblem) in try Self.bind(expression, of: path) }
        } catch {
            throw Malformed(reason: error.reason, hint: error.hint)
        }
        (self.path, query) = template.split(before: UInt8(ascii: "?")).map { ($0.head, $0.tail) } ?? (template, nil)
        takesForeignValues = self.path.references.contains { reference in
            switch reference {
            case .query, .host: true
            default: false
            }
        }
    }

    /// Scheme and authority must not come from the request, or anybody could be sent anywhere: what stands before the
    /// first parameter includes the slash that ends them.
    private static func hasFixedStart(_ text: String) -> Bool {
        if text.hasPrefix("/") { return !text.hasPrefix("//") }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return false }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !authority.isEmpty && !authority.contains { "{}@".contains($0) }
    }

    private static func isURL(_ piece: TemplateText.Piece) -> Bool {
        guard case .literal(let literal) = piece else { return true }
        return literal.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`|#{}".utf8.contains($0) }
    }

    private static let unwritable = TemplateProblem(
        "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them", at: 0)

    private static func bind(
        _ expression: TemplateExpression, of path: PathPattern
    ) throws(TemplateProblem) -> RequestReference {
        let name = expression.name
        // Its first slash is the target's.
        if name == "path", !path.parameterNames.contains(name) { return .rest(from: 0) }
        if let reference = try? RequestScope(path).bind(expression), URLValues.has(reference) { return reference }
        let known = path.parameterNames + (path.segments.last == .rest ? ["rest"] : []) + ["path"]
        let names = known.map { "{\($0)}" }.joined(separator: ", ")
        if name.contains(".") || name == "host" {
            throw TemplateProblem(
                "{\(name)} is not part of the request's URL", hint: "known are \(names), {query.NAME} and {host}", at: 0
            )
        }
        throw TemplateProblem("{\(name)} is not part of the route's path; it has \(names)", at: 0)
    }

    /// The target for a request; nil where a value would make a dot segment, and so lead elsewhere than was meant.
    /// - Parameter path: normalised, as the route was matched by.
    package func render(
        path: UnsafeBufferPointer<UInt8>, query: UnsafeBufferPointer<UInt8>,
        host: UnsafeBufferPointer<UInt8> = .init(start: nil, count: 0)
    ) -> [UInt8]? {
        let values = URLValues(path: path, query: query, host: host)
        var target: [UInt8] = []
        _ = self.path.render(into: &target, for: .path, from: values)
        // The route's path has been resolved; what a query says has not.
        if takesForeignValues, PercentText.hasDotSegment(target) { return nil }
        if let own = self.query {
            _ = own.render(into: &target, for: .query, from: values)
        } else if !query.isEmpty {
            target += [UInt8(ascii: "?")] + query
        }
        return target
    }
}
