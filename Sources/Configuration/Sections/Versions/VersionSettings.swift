import Policies

/// One version of an API, as a route serves it. Times in seconds since 1970.
package struct VersionSettings: Sendable {
    package var name = ""
    /// Nil: where the route's requests go.
    package var upstream: String?
    /// Between its clients and what the route makes of requests and responses.
    package var request = RequestShaping()
    package var response = ResponseShaping()
    package var deprecated: Int?
    package var sunset: Int?
    /// What is told to read, by relation.
    package var links: [(relation: String, target: String)] = []
    /// Whether requests are refused once the sunset has come.
    package var endsAtSunset = false

    /// - Parameter scope: what templates may name.
    static func kind(in scope: RequestScope) -> Kind<VersionSettings> {
        .section("version", "a version such as {} or { deprecated: 2026-06-30, sunset: 2027-01-31 }") { section in
            read(section, scope)
        }
    }

    private static func read(_ section: SectionReader, _ scope: RequestScope) -> VersionSettings {
        var version = VersionSettings()
        version.request = section.value(
            "request", .requestShaping(in: scope), default: RequestShaping(),
            "What the service gets instead of what clients of this version send.")
        version.response = section.value(
            "response", .responseShaping(in: scope), default: ResponseShaping(),
            "What clients of this version get instead of what the service answers.")
        version.upstream = section.optional(
            "upstream", .reference(to: .upstreams), "Where its requests go; absent: where the route's go.")
        version.deprecated = section.optional(
            "deprecated", .date, "Since when, or from when on, clients should use another (RFC 9745).")
        version.sunset = section.optional("sunset", .date, "When it ends (RFC 8594).")
        let links = section.optional("link", VersionLinks.kind, "What to read about its end, and what comes after it.")
        version.links = links?.list(isDeprecated: version.deprecated != nil, ends: version.sunset != nil) ?? []
        version.endsAtSunset = section.value(
            "after_sunset", .choice(["serve": false, "gone": true]), default: false,
            "What requests get once the sunset has come: they are served on, or refused (410).")
        if let deprecated = version.deprecated, let sunset = version.sunset, sunset < deprecated {
            section.place(of: "sunset").report(
                "a version ends no earlier than it is deprecated", hint: "mend one of the dates")
        }
        if !section.has("sunset"), section.has("after_sunset") {
            section.place(of: "after_sunset").report("there is no sunset for it to be after", hint: "add sunset: DATE")
        }
        return version
    }
}

/// `link` of a version: one URL for everything, or one for each relation.
private struct VersionLinks: Sendable {
    var all: String?
    var deprecation: String?
    var sunset: String?
    var successor: String?

    func list(isDeprecated: Bool, ends: Bool) -> [(relation: String, target: String)] {
        var links: [(relation: String, target: String)] = []
        let deprecation = deprecation ?? (isDeprecated || !ends ? all : nil)
        if let deprecation { links.append(("deprecation", deprecation)) }
        if let sunset = sunset ?? (ends ? all : nil) { links.append(("sunset", sunset)) }
        if let successor { links.append(("successor-version", successor)) }
        return links
    }

    static let kind: Kind<VersionLinks> = {
        let full = Kind<VersionLinks>.section("version_links", "{ deprecation: URL, sunset: URL, successor: URL }") {
            section in
            var links = VersionLinks()
            links.deprecation = section.optional("deprecation", .linkTarget, "Why, and what to do.")
            links.sunset = section.optional("sunset", .linkTarget, "About its end.")
            links.successor = section.optional("successor", .linkTarget, "The version that takes its place.")
            return links
        }
        let target = Kind<String>.linkTarget
        return Kind(
            noun: "\(target.noun), or \(full.noun)",
            schema: { drawing in ["anyOf": [target.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return target.described(as: noun).read(reader).map { VersionLinks(all: $0) }
            })
    }()
}

extension Kind where Value == String {
    fileprivate static var linkTarget: Kind {
        .scalar("a URL such as https://docs.example.com/v2", schema: ["type": "string"]) { text throws(ScalarProblem) in
            let isURL = text.value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"<>\"\\^`{|}".utf8.contains($0) }
            guard isURL, !text.value.isEmpty else { throw .expected() }
            return text.value
        }
    }
}

extension Kind where Value == Int {
    /// In seconds since 1970.
    fileprivate static var date: Kind {
        let noun = "a date such as 2026-06-30, or a time such as 2026-06-30T12:00:00Z"
        let schema = JSON.pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$")
        return .scalar(noun, schema: schema) { text throws(ScalarProblem) in
            guard let seconds = VersionDates.seconds(text.value) else { throw .expected() }
            return seconds
        }
    }
}
