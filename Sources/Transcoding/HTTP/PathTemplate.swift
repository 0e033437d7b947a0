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
        guard path.first == UInt8(ascii: "/") else { return nil }
        var parts = path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if let verb, !takeVerb(verb, &parts) { return nil }
        let fixed = endsOpen ? segments.count - 1 : segments.count
        guard endsOpen ? parts.count >= fixed : parts.count == fixed else { return nil }
        // No part of a path may hide in an empty segment, except behind `**`, which is the service's to read.
        var decoded: [[UInt8]] = []
        for (segment, part) in zip(segments, parts.prefix(fixed)) {
            guard !part.isEmpty, let text = PercentCoding.decode(part) else { return nil }
            if case .literal(let literal) = segment, literal != text { return nil }
            decoded.append(text)
        }
        return captures(decoded, parts)
    }

    private func takeVerb<Part: Collection<UInt8>>(_ verb: [UInt8], _ parts: inout [Part]) -> Bool
    where Part.SubSequence == Part {
        guard let last = parts.last, last.count > verb.count + 1 else { return false }
        let border = last.index(last.startIndex, offsetBy: last.count - verb.count - 1)
        guard last[border] == UInt8(ascii: ":"), last[border...].dropFirst().elementsEqual(verb) else { return false }
        parts[parts.count - 1] = last[..<border]
        return true
    }

    private func captures(_ decoded: [[UInt8]], _ parts: [some Collection<UInt8>]) -> [Capture]? {
        var captures: [Capture] = []
        for variable in variables {
            let isOpen = endsOpen && variable.segments.upperBound == segments.count
            let isSingle = variable.segments.count == 1 && !isOpen
            var text: [UInt8] = []
            let range = variable.segments.lowerBound..<(isOpen ? parts.count : variable.segments.upperBound)
            for index in range {
                if index > range.lowerBound { text.append(UInt8(ascii: "/")) }
                // In a value of several segments an encoded slash stays encoded, or it could not be told from others.
                guard let part = isSingle ? decoded[index] : PercentCoding.decode(parts[index], keepsSlash: true)
                else { return nil }
                text += part
            }
            guard let string = String(validating: text, as: UTF8.self) else { return nil }
            captures.append(Capture(variable.fieldPath, string))
        }
        return captures
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
