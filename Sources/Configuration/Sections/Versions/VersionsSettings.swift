import Policies

/// `versions` of a route: how requests say which version of the API they mean, and what each of them is.
package struct VersionsSettings: Sendable {
    package var rules: VersionRules
    /// In the order of the file, at least one, as `rules.names`.
    package var versions: [VersionSettings]
    /// The response field that tells which version was served; nil: none does.
    package var toldIn: String?

    private static let noun =
        "versions such as { from: { header: X-API-Version }, default: \"2\", \"1\": {}, \"2\": {} }"
    private static let reserved = ["from", "default", "tell"]
    private static let sources = Kind<[VersionRules.Source]>.oneOrMany(.versionSource)
    private static let mostVersions = 64

    /// - Parameter scope: what templates may name.
    static func kind(in scope: RequestScope) -> Kind<VersionsSettings> {
        let version = VersionSettings.kind(in: scope)
        return Kind(
            noun: noun,
            schema: { drawing in
                [
                    "type": "object", "required": ["from"],
                    "properties": [
                        "from": described(
                            sources.schema(drawing),
                            "Where requests name the version they mean; the first that does decides."),
                        "default": described(
                            Kind<String>.versionName.schema(drawing),
                            "What requests get that name none; absent: they are refused."),
                        "tell": described(
                            Kind<String?>.toldField.schema(drawing),
                            "The response field that tells the version; absent: the header of from, if it has one; off: none."
                        ),
                    ],
                    "additionalProperties": version.schema(drawing),
                ]
            },
            read: { reader, noun in
                guard case .mapping(let entries) = reader.node.content else {
                    reader.reportKind(expected: noun)
                    return nil
                }
                return read(entries, reader, version)
            })
    }

    private static func described(_ schema: JSON, _ doc: String) -> JSON {
        guard case .object(let pairs) = schema else { return schema }
        return .object(pairs + [("description", .string(doc))])
    }

    private static func read(_ entries: [ConfigurationNode.Entry], _ reader: NodeReader, _ kind: Kind<VersionSettings>)
        -> VersionsSettings?
    {
        let problemsBefore = reader.context.problemCount
        var from: [VersionRules.Source] = []
        var defaultName: String?
        var versions: [VersionSettings] = []
        var told: String??
        for entry in entries {
            switch entry.key {
            case "from": from = sources.read(reader.entry(entry)) ?? []
            case "default": defaultName = Kind<String>.versionName.read(reader.entry(entry))
            case "tell": told = Kind<String?>.toldField.read(reader.entry(entry))
            default: if let version = version(entry, reader, kind) { versions.append(version) }
            }
        }
        if !entries.contains(where: { $0.key == "from" }) {
            reader.report("the key \"from\" is missing", hint: "it says where requests name their version")
        }
        let names = versions.map(\.name)
        if names.isEmpty, reader.context.problemCount == problemsBefore {
            reader.report("there is no version", hint: "add \"1\": {}")
        }
        if names.count > mostVersions { reader.report("a route has at most \(mostVersions) versions") }
        if let defaultName, !names.contains(defaultName), let entry = entries.first(where: { $0.key == "default" }) {
            let suggestion = reader.context.suggestion(for: defaultName, among: names)
            reader.entry(entry).report(
                "there is no version \(quoted(defaultName))",
                hint: suggestion ?? "known: \(names.joined(separator: ", "))")
        }
        guard reader.context.problemCount == problemsBefore else { return nil }
        let rules = VersionRules(
            sources: from, names: names, defaultVersion: defaultName.flatMap { names.firstIndex(of: $0) })
        return VersionsSettings(rules: rules, versions: versions, toldIn: told ?? Self.answering(from))
    }

    /// Who asks by a header field is told by it; `Accept-Version` is about what is asked for, so by one that isn't.
    private static func answering(_ sources: [VersionRules.Source]) -> String? {
        let asked = sources.lazy.compactMap { if case .header(let name) = $0 { name } else { nil } }.first
        return asked.map { $0.lowercased().hasPrefix("accept-") ? "API-Version" : $0 }
    }

    private static func version(_ entry: ConfigurationNode.Entry, _ reader: NodeReader, _ kind: Kind<VersionSettings>)
        -> VersionSettings?
    {
        let value = reader.entry(entry)
        // `defualt: "2"` is no version of that name.
        if case .scalar = value.node.content,
            let hint = reader.context.suggestion(for: entry.key, among: reserved)
        {
            reader.ofKey(entry).report("unknown key \(quoted(entry.key))", hint: hint)
            return nil
        }
        guard let name = Kind<String>.versionName.read(reader.ofKey(entry)) else { return nil }
        if case .empty = value.node.content { return VersionSettings(name: name) }
        var version = kind.read(value)
        version?.name = name
        return version
    }
}

extension Kind where Value == String? {
    fileprivate static var toldField: Kind {
        let name = Kind<String>.token("the name of a response field such as API-Version").map {
            name, reader -> String?? in
            guard !FieldLines.own.contains(name.lowercased()) else {
                reader.reportValue("\(name) is written by the gateway itself")
                return nil
            }
            return Optional.some(name)
        }
        return .word("off", nil, or: name)
    }
}

extension Kind where Value == String {
    /// A version stands in paths, header fields and metrics, so its letters are few.
    fileprivate static var versionName: Kind {
        let noun = "the name of a version: 1 to 64 letters, digits, \"_\", \"-\" or \".\""
        return .scalar(noun, schema: ["type": ["string", "number"]], write: { .string($0) }) {
            text throws(ScalarProblem) in
            let isName = text.value.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
            guard isName, (1...64).contains(text.value.utf8.count), text.value != ".", text.value != ".." else {
                throw .expected()
            }
            return text.value
        }
    }
}

extension Kind where Value == VersionRules.Source {
    fileprivate static var versionSource: Kind {
        let noun =
            "one of { path: \"/v{version}\" }, { accept: \"application/vnd.api+json;version={version}\" }, { header: NAME }, { query: NAME }"
        return .section("version_source", noun) { section in
            let path = section.optional(
                "path", .versionedPrefix, "A prefix of paths, with {version} in its last segment; it is taken out.")
            let accept = section.optional("accept", .mediaTypeVersion, "A media type in Accept, with {version} in it.")
            let header = section.optional(
                "header", .token("the name of a header field"), "A header field whose value is the version.")
            let query = section.optional(
                "query", .text("the name of a query parameter"),
                "A query parameter whose value is the version; it is taken out.")
            let written = ["path", "accept", "header", "query"].filter(section.has)
            guard written.count == 1 else {
                section.reader.report(
                    written.isEmpty
                        ? "expected \(noun)"
                        : "one place is said at a time, and these are \(written.joined(separator: " and "))",
                    hint: written.isEmpty ? nil : "write a list, each of its entries with one of them")
                return nil
            }
            return path.map { .path($0) } ?? accept.map { .accept($0) } ?? header.map { .header($0) }
                ?? query.map { .query($0) }
        }
    }
}

extension Kind where Value == VersionedPrefix {
    fileprivate static var versionedPrefix: Kind {
        Kind<String>.text("a prefix such as /v{version} or /api/v{version}").map { text, reader in
            do throws(VersionedPrefix.Malformed) {
                return try VersionedPrefix(text)
            } catch {
                reader.reportValue(error.reason)
                return nil
            }
        }
    }
}

extension Kind where Value == MediaTypeVersion {
    fileprivate static var mediaTypeVersion: Kind {
        Kind<String>.text("a media type such as application/vnd.api+json;version={version}").map { text, reader in
            do throws(MediaTypeVersion.Malformed) {
                return try MediaTypeVersion(text)
            } catch {
                reader.reportValue(error.reason)
                return nil
            }
        }
    }
}
