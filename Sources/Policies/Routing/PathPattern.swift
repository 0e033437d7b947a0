/// A route's path as written in the configuration, split into its segments.
///
/// A trailing slash is significant: `/a` and `/a/` are two paths, and the second ends in an empty literal segment (so does
/// `/`, which consists of it). `/a/**` matches `/a`, `/a/` and everything below, never `/ab`.
package struct PathPattern: Hashable, Sendable {
    package enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
        /// `**`: everything below, also nothing; only as the last segment.
        case rest
    }
    package let text: String
    package let segments: [Segment]

    static let mostSegments = 64
    private static let mostBytes = 2048

    /// Why a text is no path pattern: a sentence for the user, saying what was expected.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    package init(_ text: String) throws(Malformed) {
        guard text.hasPrefix("/") else { throw Malformed(reason: "a path starts with \"/\"") }
        guard text.utf8.count <= Self.mostBytes else {
            throw Malformed(reason: "a path has at most \(Self.mostBytes) bytes")
        }
        let pieces = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard pieces.count <= Self.mostSegments else {
            throw Malformed(reason: "a path has at most \(Self.mostSegments) segments")
        }
        var segments: [Segment] = []
        for (index, piece) in pieces.enumerated() {
            segments.append(try Self.segment(piece, isLast: index == pieces.count - 1))
        }
        self.text = text
        self.segments = segments
        try checkParameters()
    }

    /// The parameters' names, in the order in which `PathCaptures` holds their places.
    package var parameterNames: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    /// The pattern without the parameters' names: patterns of equal shape match the same paths.
    var shape: String {
        segments.map { segment in
            switch segment {
            case .literal(let text): "/" + text
            case .parameter: "/{}"
            case .rest: "/**"
            }
        }.joined()
    }

    private func checkParameters() throws(Malformed) {
        let names = parameterNames
        guard names.count <= PathCaptures.capacity else {
            throw Malformed(
                reason: "a path has at most \(PathCaptures.capacity) parameters, this one has \(names.count)")
        }
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw Malformed(reason: "the parameter {\(name)} comes twice; give each its own name")
        }
    }

    private static func segment(_ piece: Substring, isLast: Bool) throws(Malformed) -> Segment {
        if piece == "**" {
            guard isLast else {
                throw Malformed(reason: "\"**\" stands for the rest of a path and can only be its last segment")
            }
            return .rest
        }
        if piece.contains("{") || piece.contains("}") { return .parameter(try parameterName(piece)) }
        guard !piece.isEmpty || isLast else {
            throw Malformed(reason: "a path has no empty segments; write \"/\" once, not twice")
        }
        guard piece != ".", piece != ".." else {
            throw Malformed(
                reason: "\"\(piece)\" is resolved before a request is matched; write the path without dot segments")
        }
        try checkLiteral(piece)
        return .literal(String(piece))
    }

    private static func parameterName(_ piece: Substring) throws(Malformed) -> String {
        let inner = piece.dropFirst().dropLast()
        guard piece.hasPrefix("{"), piece.hasSuffix("}"), piece.count >= 2, !inner.contains("{"), !inner.contains("}")
        else {
            let isBalanced = piece.count(where: { $0 == "{" }) == piece.count(where: { $0 == "}" })
            throw Malformed(
                reason: isBalanced
                    ? "a parameter fills a whole segment, as in /users/{id}; \"\(piece)\" mixes it with other text"
                    : "the braces in \"\(piece)\" are not balanced; a parameter is written {name}")
        }
        let first = inner.utf8.first
        let isName = inner.utf8.allSatisfy {
            isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        guard isName, let first, isLetter(first) || first == UInt8(ascii: "_") else {
            throw Malformed(
                reason:
                    "\"{\(inner)}\" is no parameter; its name has letters, digits, \"_\" and \"-\" and starts with no digit"
            )
        }
        return String(inner)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
