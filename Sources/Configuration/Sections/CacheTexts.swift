import Policies

/// The words of a route's `cache`: fields, methods, statuses and tags.
extension Kind where Value == String {
    /// Header names compare without regard to case.
    static func lowerCaseToken(_ noun: String) -> Kind {
        Kind.token(noun).map { name, _ in name.lowercased() }
    }

    static var varyingField: Kind {
        lowerCaseToken("the name of a request header").map { name, reader in
            guard name != "*" else {
                reader.report(
                    "nothing could be served again that differs by more than the request shows",
                    hint: "name the request headers that matter, or remove it")
                return nil
            }
            return name
        }
    }

    static var cachedMethod: Kind {
        .scalar("GET or HEAD", schema: ["enum": ["GET", "HEAD"]], write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard ["GET", "HEAD"].contains(text.value) else {
                let upper = text.value.uppercased()
                throw .expected(
                    "GET or HEAD; responses to other methods are about what the request sent, so they are never kept",
                    suggestion: ["GET", "HEAD"].contains(upper) ? upper : nil)
            }
            return text.value
        }
    }

    /// Tags are joined by blanks and carry their generations after `=` in Redis, and are part of a key there.
    static var tagTemplate: Kind {
        let noun = "a tag such as user-{id}: 1 to 200 visible ASCII characters without \" , = |"
        return .scalar(noun, schema: .pattern("^([!#-+\\--<>-z~]|\\{[^{}]+\\}){1,200}$"), write: { .string($0) }) {
            text throws(ScalarProblem) in
            guard (1...200).contains(text.value.utf8.count), areTagBytes(text.value), hasPairedBraces(text.value)
            else { throw .expected() }
            return text.value
        }.map { text, reader in
            do throws(TemplateProblem) {
                _ = try TemplateText(text)
                return text
            } catch {
                reader.reportTemplate(error)
                return nil
            }
        }
    }

    /// Within braces stand names and filters, such as `{id | default "none"}`.
    private static func areTagBytes(_ text: String) -> Bool {
        text.split(separator: "{", omittingEmptySubsequences: false).enumerated().allSatisfy { place, piece in
            let literal = place == 0 ? piece : piece.split(separator: "}", omittingEmptySubsequences: false).last ?? ""
            return literal.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\",=|".utf8.contains($0) }
        }
    }

    /// Each `{` is followed by a name and `}`.
    private static func hasPairedBraces(_ text: String) -> Bool {
        let pieces = text.split(separator: "{", omittingEmptySubsequences: false)
        guard !pieces[0].contains("}") else { return false }
        return pieces.dropFirst().allSatisfy { piece in
            let parts = piece.split(separator: "}", omittingEmptySubsequences: false)
            return parts.count == 2 && !parts[0].isEmpty
        }
    }
}

extension Kind where Value == Int {
    /// RFC 9111 §3: 206 is a part and 304 a message about something stored; neither is kept as it is.
    static var cachedStatus: Kind {
        Kind.integer(200...599).map { status, reader in
            guard status != 206, status != 304 else {
                reader.report("responses of status \(status) are never kept by themselves", hint: "remove it")
                return nil
            }
            return status
        }
    }
}
