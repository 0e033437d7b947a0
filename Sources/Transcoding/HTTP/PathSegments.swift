/// A request path between its slashes, as it came and decoded.
struct PathSegments {
    private static let maximumSegments = 256

    private(set) var raw: [ArraySlice<UInt8>]
    /// Nil where the percent-encoding is wrong.
    private(set) var decoded: [[UInt8]?]

    var count: Int { raw.count }

    /// Nil where the path doesn't begin with a slash or has more segments than any service's would.
    init?(_ path: some Collection<UInt8>) {
        guard path.first == UInt8(ascii: "/") else { return nil }
        raw = Array(path).dropFirst().split(
            separator: UInt8(ascii: "/"), maxSplits: Self.maximumSegments, omittingEmptySubsequences: false)
        guard raw.count <= Self.maximumSegments else { return nil }
        decoded = raw.map { PercentCoding.decode($0) }
    }

    /// The path without `:verb` at its end; nil where it has none or nothing before it.
    func withoutVerb(_ verb: [UInt8]) -> PathSegments? {
        guard let last = raw.last, last.count > verb.count + 1, last.suffix(verb.count).elementsEqual(verb) else {
            return nil
        }
        let rest = last.dropLast(verb.count)
        guard rest.last == UInt8(ascii: ":") else { return nil }
        var path = self
        path.raw[count - 1] = rest.dropLast()
        path.decoded[count - 1] = PercentCoding.decode(rest.dropLast())
        return path
    }
}
