/// The target of a redirection, made of the request's path: `https://new.example.com/{rest}`, `/people/{id}`.
///
/// `{name}` is a parameter of the route's path, `{rest}` what its `**` stands for, `{path}` the whole path. They are put in
/// as they stand in the normalised path, percent-encoded, so that nothing in them can end the field's line or the URL's
/// path.
package struct LocationTemplate: Hashable, Sendable {
    private enum Part: Hashable, Sendable {
        case literal([UInt8])
        /// A segment of the path, counted from 0.
        case segment(Int)
        /// All segments from this one on.
        case rest(from: Int)
        /// The whole path but for its first slash.
        case path
    }

    /// Why a text is no target: a sentence for the user.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    private let parts: [Part]
    /// The target has a query of its own: the request's is not added.
    package let hasQuery: Bool

    /// - Parameter path: of the route.
    package init(_ text: String, of path: PathPattern) throws(Malformed) {
        guard let start = Self.literalStart(of: text) else {
            throw Malformed(
                reason: "expected a URL such as https://www.example.com/{rest}, or a path such as /new/{rest}")
        }
        for byte in text.utf8 where byte <= 0x20 || byte >= 0x7F || "\"<>\\^`|#".utf8.contains(byte) {
            throw Malformed(
                reason: "a URL is written in ASCII without blanks, quotes and fragments; percent-encode them")
        }
        hasQuery = text.contains("?")
        var parts = [Part.literal(Array(start.utf8))]
        var rest = text.dropFirst(start.count)
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else {
                throw Malformed(reason: "a brace is not closed; a parameter is written {name}")
            }
            if open > rest.startIndex { parts.append(.literal(Array(rest[..<open].utf8))) }
            parts.append(try Self.part(String(rest[rest.index(after: open)..<close]), of: path))
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { throw Malformed(reason: "\"}\" has no brace before it") }
        if !rest.isEmpty { parts.append(.literal(Array(rest.utf8))) }
        self.parts = parts
    }

    /// Scheme and authority must not come from the request, or anybody could be sent anywhere: what stands before the
    /// first parameter includes the slash that ends them.
    private static func literalStart(of text: String) -> Substring? {
        if text.hasPrefix("/") { return text.hasPrefix("//") ? nil : text.prefix(1) }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: lower.hasPrefix) else { return nil }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("{"), !authority.contains("@") else { return nil }
        return text.prefix(scheme.count + authority.count)
    }

    private static func part(_ name: String, of path: PathPattern) throws(Malformed) -> Part {
        if let segment = path.segments.firstIndex(of: .parameter(name)) { return .segment(segment) }
        if name == "path" { return .path }
        if name == "rest", path.segments.last == .rest { return .rest(from: path.segments.count - 1) }
        let known = path.parameterNames + (path.segments.last == .rest ? ["rest"] : []) + ["path"]
        throw Malformed(
            reason:
                "{\(name)} is not part of the route's path; it has \(known.map { "{\($0)}" }.joined(separator: ", "))")
    }

    /// The target for a request.
    /// - Parameter path: normalised, as the route was matched by.
    package func render(path: UnsafeBufferPointer<UInt8>, query: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let slash = UInt8(ascii: "/")
        let segments = path.dropFirst().split(separator: slash, omittingEmptySubsequences: false)
        var target: [UInt8] = []
        for part in parts {
            switch part {
            case .literal(let bytes): target += bytes
            case .segment(let index): if index < segments.count { target += segments[index] }
            case .rest(let first):
                if first < segments.count { target += segments[first...].joined(separator: CollectionOfOne(slash)) }
            case .path: target += path.dropFirst()
            }
        }
        if !hasQuery, !query.isEmpty { target += [UInt8(ascii: "?")] + query }
        return target
    }
}
