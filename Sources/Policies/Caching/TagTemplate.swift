/// A tag with parameters of the route's path in it, such as `user-{id}` or `shop-{name | lower}`. Of nothing else: responses are
/// purged by it that are kept by their URL.
package struct TagTemplate: Hashable, Sendable {
    private let template: Template<RequestReference>

    private static let mostBytes = 200

    /// - Throws: `TemplateProblem` for what is no template, or names what the path doesn't have.
    package init(_ text: String, of path: PathPattern) throws(TemplateProblem) {
        template = try Template(try TemplateText(text)) { expression throws(TemplateProblem) in
            guard path.parameterNames.contains(expression.name) else {
                let known = path.parameterNames.map { "{\($0)}" }.joined(separator: ", ")
                throw TemplateProblem(
                    "names {\(expression.name)}, which the path doesn't have",
                    hint: known.isEmpty ? "the path has no parameters" : "its parameters are \(known)",
                    at: expression.offset)
            }
            return try RequestScope(path).bind(expression)
        }
    }

    /// At most 200 bytes; no two values make one tag, but for what filters do.
    package func render(_ path: UnsafeBufferPointer<UInt8>) -> String {
        var text: [UInt8] = []
        _ = template.render(into: &text, for: .tag, from: URLValues(path: path))
        return String(decoding: text.prefix(Self.mostBytes), as: UTF8.self)
    }
}
