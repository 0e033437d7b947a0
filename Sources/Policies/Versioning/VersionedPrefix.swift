/// Where an API's version stands in a path: `/v{version}`, `/api/v{version}`.
///
/// The segments before the version's that a route's path begins with stay where they are: `/api/v{version}` makes `/api/v1/users`
/// of `/api/users`. Where the path does not begin with all of them, the whole prefix is put in front of it. Either way
/// what was put in is taken out again before anything else looks at the path.
package struct VersionedPrefix: Hashable, Sendable {
    /// Literal segments before the version's.
    let before: [String]
    /// Text around the version within its segment.
    let head: String
    let tail: String

    /// Why a text is none: a sentence for the user.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    package init(_ text: String) throws(Malformed) {
        let parts = text.components(around: "{version}")
        guard text.hasPrefix("/"), parts.count == 2 else {
            throw Malformed(reason: "expected a prefix with {version} in its last segment, such as /v{version}")
        }
        guard !parts[1].contains("/") else {
            throw Malformed(reason: "the version stands in the last segment of the prefix, as in /api/v{version}")
        }
        var segments = parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        head = segments.popLast() ?? ""
        tail = String(parts[1])
        before = segments
        for segment in segments + [head + "1" + tail] {
            do throws(PathPattern.Malformed) {
                let pattern = try PathPattern("/" + segment)
                guard !segment.isEmpty, pattern.segments == [.literal(segment)] else {
                    throw PathPattern.Malformed(reason: "a prefix has no parameters but {version}")
                }
            } catch { throw Malformed(reason: error.reason) }
        }
    }

    /// The path of a route in one version.
    package struct Placement: Hashable, Sendable {
        package let path: PathPattern
        /// The bytes of a path like this that say which version it is, to be taken out.
        package let cut: Range<Int>
    }

    /// - Throws: `PathPattern.Malformed` if the path gets too long.
    package func place(_ version: String, in path: PathPattern) throws(PathPattern.Malformed) -> Placement {
        let segment = "/" + head + version + tail
        let kept = isKept(in: path) ? before.map { "/" + $0 }.joined() : ""
        let added = kept.isEmpty ? before.map { "/" + $0 }.joined() + segment : segment
        let rest = path.text.dropFirst(kept.utf8.count)
        let start = kept.utf8.count
        return Placement(
            path: try PathPattern(kept + added + rest), cut: start..<start + added.utf8.count)
    }

    private func isKept(in path: PathPattern) -> Bool {
        path.segments.count >= before.count && zip(path.segments, before).allSatisfy { $0 == .literal($1) }
    }

    /// The places of a request's path where this prefix may stand, with any version: to tell a client which there are.
    package func cuts(of path: String) -> [Range<Int>] {
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard segments.count > before.count, zip(segments, before).allSatisfy({ $0 == $1 }) else { return [] }
        let segment = segments[before.count]
        guard segment.hasPrefix(head), segment.hasSuffix(tail),
            segment.utf8.count > head.utf8.count + tail.utf8.count
        else { return [] }
        let start = before.reduce(0) { $0 + 1 + $1.utf8.count }
        let end = start + 1 + segment.utf8.count
        return start == 0 ? [0..<end] : [start..<end, 0..<end]
    }
}

extension String {
    /// Around the places where `mark` stands.
    func components(around mark: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let found = rest.firstRange(of: mark) {
            parts.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return parts + [rest]
    }
}
