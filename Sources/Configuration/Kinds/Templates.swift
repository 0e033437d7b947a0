import Policies

/// What a route's templates are compiled to.
package typealias RequestTemplate = Template<RequestReference>

/// Texts with references in braces; what a reference may name depends on the route.
extension Kind where Value == RequestTemplate {
    static func template(_ noun: String, in scope: RequestScope) -> Kind {
        Kind<TemplateText>.templateText(noun).map { text, reader in
            do throws(TemplateProblem) {
                return try RequestTemplate(text) { expression throws(TemplateProblem) in try scope.bind(expression) }
            } catch {
                reader.reportTemplate(error)
                return nil
            }
        }
    }

    /// For a header field: the literal text has no control characters, which could end the field.
    static func fieldTemplate(in scope: RequestScope) -> Kind {
        template("a text such as \"{claims.sub}\"", in: scope).map { template, reader in
            guard template.text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                reader.reportValue("a header's value is one line, without control characters")
                return nil
            }
            return template
        }
    }
}

extension Kind where Value == TemplateText {
    static func templateText(_ noun: String) -> Kind {
        Kind(noun: noun, schema: { _ in ["type": ["string", "number", "boolean"]] }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            do throws(TemplateProblem) {
                return try TemplateText(text.value)
            } catch {
                reader.reportTemplate(error)
                return nil
            }
        }
    }
}

extension NodeReader {
    /// A template that is none, or that refers to what there is not.
    func reportTemplate(_ problem: TemplateProblem) {
        guard !isInterpolated else { return reportValue(problem.reason) }
        report("\(quoted(written)), character \(problem.offset + 1): \(problem.reason)", hint: problem.hint)
    }
}
