/// The path of an HTTP rule: literals, `*` for one segment, `**` for the rest, `{field=…}` around what a field gets,
/// and a `:verb` (grammar in google/api/http.proto).
package struct PathTemplate: Hashable, Sendable {
    enum Segment: Hashable, Sendable {
        case literal([UInt8])
        /// `*`: one segment.
        case one
        /// `**`: any number of segments; only as the last.
        case rest
    }

    struct Variable: Hashable, Sendable {
        let fieldPath: String
        let segments: Range<Int>
    }

    /// One variable's part of a request path, percent-decoded.
    package struct Capture: Hashable, Sendable {
        package let fieldPath: String
        package let text: String

        package init(_ fieldPath: String, _ text: String) {
            self.fieldPath = fieldPath
            self.text = text
        }
    }

    let segments: [Segment]
    let variables: [Variable]
    let verb: [UInt8]?

    private var endsOpen: Bool { segments.last == .rest }

    /// The captures of `path` (without query, still percent-encoded); nil where it doesn't match.
    package func match(_ path: some Collection<UInt8>) -> [Capture]? {
        PathSegments(path).flatMap(match)
    }

    /// The same for a path that was split once for many templates.
    func match(_ path: PathSegments) -> [Capture]? {
        let fixed = endsOpen ? segments.count - 1 : segments.count
        guard endsOpen ? path.count >= fixed : path.count == fixed else { return nil }
        for index in 0..<fixed {
            guard case .literal(let literal) = segments[index], index < path.count - 1 || verb == nil else { continue }
            if path.decoded[index] != literal { return nil }
        }
        guard let verb else { return captures(path, fixed) }
        return path.withoutVerb(verb).flatMap { captures($0, fixed) }
    }

    private func captures(_ path: PathSegments, _ fixed: Int) -> [Capture]? {
        // No part of a path may hide in an empty segment, except behind `**`, which is the service's to read.
        for index in 0..<fixed {
            guard let text = path.decoded[index], !text.isEmpty else { return nil }
            if case .literal(let literal) = segments[index], literal != text { return nil }
        }
        var captures: [Capture] = []
        for variable in variables {
            guard let text = text(of: variable, in: path), let string = String(validating: text, as: UTF8.self) else {
                return nil
            }
            captures.append(Capture(variable.fieldPath, string))
        }
        return captures
    }

    /// In a value of several segments an encoded slash stays encoded, or it could not be told from others.
    private func text(of variable: Variable, in path: PathSegments) -> [UInt8]? {
        let isOpen = endsOpen && variable.segments.upperBound == segments.count
        if variable.segments.count == 1, !isOpen { return path.decoded[variable.segments.lowerBound] }
        var text: [UInt8] = []
        let range = variable.segments.lowerBound..<(isOpen ? path.count : variable.segments.upperBound)
        for index in range {
            if index > range.lowerBound { text.append(UInt8(ascii: "/")) }
            guard let part = PercentCoding.decode(path.raw[index], keepsSlash: true) else { return nil }
            text += part
        }
        return text
    }
}

extension PathTemplate {
    /// Whether this template is tried before `other`: literals before `*` before `**`, verbs before none.
    func isMoreSpecific(than other: PathTemplate) -> Bool {
        if (verb == nil) != (other.verb == nil) { return verb != nil }
        for (left, right) in zip(segments, other.segments) where left.rank != right.rank {
            return left.rank < right.rank
        }
        return segments.count > other.segments.count
    }

    /// Whether both match exactly the same paths.
    func matchesSame(as other: PathTemplate) -> Bool { segments == other.segments && verb == other.verb }
}

extension PathTemplate.Segment {
    fileprivate var rank: Int {
        switch self {
        case .literal: 0
        case .one: 1
        case .rest: 2
        }
    }
}
