import Policies

/// `redirect` of a route: clients are sent elsewhere.
package struct RedirectSettings: Sendable {
    /// As written; what it names in braces is checked with the route's path.
    package var target: String
    package var status = 302

    static let kind: Kind<RedirectSettings> = {
        let target = Kind<String>.text("a URL such as https://www.example.com/{rest}, or a path such as /new/{rest}")
        let full = Kind<RedirectSettings>.section("redirect", "{ to: URL, status: 301 }") { section in
            let to = section.required(
                "to", target, "Where to: a URL or a path, with parts of the route's path in braces.")
            let status = section.value(
                "status", .redirectStatus, default: 302,
                "301 and 308 are for good, 307 and 308 keep the method.")
            return to.map { RedirectSettings(target: $0, status: status) }
        }
        return Kind(
            noun: "\(target.noun), or \(full.noun)",
            schema: { drawing in ["anyOf": [target.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return target.described(as: noun).read(reader).map { RedirectSettings(target: $0) }
            })
    }()

    /// The target as it is made for requests to this path. Reports what does not fit.
    func template(of path: PathPattern, _ place: NodeReader) -> LocationTemplate? {
        do throws(LocationTemplate.Malformed) {
            return try LocationTemplate(target, of: path)
        } catch {
            place.report(error.reason, hint: error.hint)
            return nil
        }
    }
}

/// An answer that is always the same: `respond` of a route, and what `maintenance` may say.
package struct FixedAnswerSettings: Sendable {
    package var status: Int
    /// Names and values, in the order of the file.
    package var headers: [(name: String, value: String)] = []
    /// Nil: none.
    package var body: [UInt8]?
    /// Of the body, where no header says it.
    package var contentType = "text/plain; charset=utf-8"

    private static let mostBytes = 1 << 20

    static let kind = Kind<FixedAnswerSettings>.section(
        "respond", "an answer such as { status: 200, body: \"ok\" }"
    ) { section in
        var answer = FixedAnswerSettings(status: 200)
        answer.status = section.value("status", .integer(200...599), default: 200, "The status.")
        answer.readContent(section)
        if answer.body != nil, answer.status == 204 || answer.status == 304 {
            section.place(of: section.has("body") ? "body" : "file").report(
                "an answer of status \(answer.status) has no body", hint: "remove it, or use status: 200")
        }
        return answer
    }

    /// `headers`, and `body` or `file`.
    mutating func readContent(_ section: SectionReader) {
        headers = section.value("headers", .fieldLines, default: [], "Header fields and their values.").pairs
        let text = section.optional("body", .body, "The body, as text.")
        let file = section.optional("file", .bodyFile, "A file that holds the body; its ending says what it is.")
        if section.has("body"), section.has("file") {
            section.place(of: "file").report(
                "a body is written here or in a file, not both", hint: "remove one of them")
        }
        if let text { body = Array(text.utf8) }
        if let file {
            body = file.content
            contentType = file.contentType
        }
    }

    fileprivate struct BodyFile: Sendable {
        let content: [UInt8]
        let contentType: String

        static let types = [
            "html": "text/html; charset=utf-8", "htm": "text/html; charset=utf-8", "json": "application/json",
            "txt": "text/plain; charset=utf-8", "css": "text/css; charset=utf-8",
            "js": "text/javascript; charset=utf-8",
            "xml": "application/xml", "yaml": "application/yaml", "yml": "application/yaml", "svg": "image/svg+xml",
            "png": "image/png", "ico": "image/x-icon", "jpg": "image/jpeg",
        ]

        init?(_ path: String, _ reader: NodeReader) {
            guard let content = reader.content(ofFile: path, atMost: FixedAnswerSettings.mostBytes) else { return nil }
            self.content = content
            let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
            contentType = Self.types[ending] ?? "application/octet-stream"
        }
    }
}

extension Kind where Value == Int {
    fileprivate static var redirectStatus: Kind {
        let noun = "one of 301, 302, 303, 307, 308"
        let schema: JSON = ["anyOf": [["enum": [301, 302, 303, 307, 308]], .variableReference]]
        return .scalar(noun, schema: schema, write: { .integer($0) }) { text throws(ScalarProblem) in
            guard let status = Int(digits: text.value), [301, 302, 303, 307, 308].contains(status) else {
                throw .expected()
            }
            return status
        }
    }
}

extension Kind where Value == FixedAnswerSettings.BodyFile {
    fileprivate static var bodyFile: Kind {
        Kind<String>.text("the path of a file").map { path, reader in FixedAnswerSettings.BodyFile(path, reader) }
    }
}

extension Kind where Value == String {
    /// A text that may be empty.
    fileprivate static var body: Kind {
        .scalar("a text", schema: ["type": ["string", "number", "boolean"]]) { text throws(ScalarProblem) in text.value
        }
    }
}

/// Header fields as a mapping from names to values.
struct FieldLines: Sendable, ExpressibleByArrayLiteral {
    var pairs: [(name: String, value: String)] = []

    init(arrayLiteral elements: (name: String, value: String)...) { pairs = elements }
    init(_ pairs: [(name: String, value: String)]) { self.pairs = pairs }

    /// What the gateway writes by itself, by the length of the body and the state of the connection.
    static let own = ["content-length", "transfer-encoding", "connection", "date", "upgrade", "trailer"]
}

extension Kind where Value == FieldLines {
    static var fieldLines: Kind {
        let name = Kind<String>.token("the name of a header field")
        let value = Kind<String>.scalar(
            "a header field's value, without line breaks and other controls",
            schema: ["type": ["string", "number", "boolean"]]
        ) { text throws(ScalarProblem) in
            guard text.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .expected() }
            return text.value
        }
        return Kind<[FieldLine]>.entries(noun: "a mapping from header fields to values", schema: value.schema) {
            key, reader in
            guard let name = name.read(reader.ofKey(key)), let value = value.read(reader) else { return nil }
            guard !FieldLines.own.contains(name.lowercased()) else {
                reader.ofKey(key).report("\(quoted(name)) is written by the gateway itself", hint: "remove it")
                return nil
            }
            return FieldLine(name: name, value: value)
        }.map { lines, _ in FieldLines(lines.map { ($0.name, $0.value) }) }
    }
}

private struct FieldLine: Sendable {
    let name: String
    let value: String
}
