/// `mirror` of a route: an upstream that gets copies of its requests.
package struct MirrorSettings: Sendable {
    package var upstream: String
    /// 0…1.
    package var sample = 1.0
    /// Copies under way at once, of one node.
    package var concurrency = 100
    /// The longest request body that is copied, in bytes.
    package var bodyBytes = 64 << 10
    package var timeoutMicroseconds = 10_000_000

    static let kind = Kind<MirrorSettings>.section("mirror", "a mirror such as { upstream: shadow, sample: 1% }") {
        section in
        let upstream = section.required("upstream", .reference(to: .upstreams), "Which upstream gets the copies.")
        var mirror = MirrorSettings(upstream: upstream ?? "")
        mirror.sample = section.value(
            "sample", .percent, default: mirror.sample, "The share of requests that is copied.")
        mirror.concurrency = section.value(
            "concurrency", .integer(1...100_000), default: mirror.concurrency,
            "Copies under way at once, of one node; further ones are left out.")
        mirror.bodyBytes = section.value(
            "body", .size(0...64 << 20), default: mirror.bodyBytes,
            "The longest request body that is copied; requests with a longer one are left out.")
        mirror.timeoutMicroseconds = section.value(
            "timeout", .duration(1_000...3_600_000_000), default: mirror.timeoutMicroseconds,
            "How long a copy may take.")
        return upstream == nil ? nil : mirror
    }
}
