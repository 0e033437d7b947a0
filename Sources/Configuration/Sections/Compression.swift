import Policies

/// `compression` of a route, or of all that say nothing else: `on`, `off`, or which responses and how.
extension Kind where Value == CompressionRules? {
    static var compression: Kind {
        .word("off", nil, or: .word("on", CompressionRules(), or: full))
    }

    private static var full: Kind {
        .section("compression", "a mapping such as { encodings: [br, zstd, gzip], minimum: 1KiB }") { section in
            var rules = CompressionRules()
            rules.encodings = section.value(
                "encodings", .oneOrMany(.contentCoding), default: rules.encodings,
                "The codings, the preferred one first: br, zstd, gzip, deflate.")
            rules.minimumBytes = section.value(
                "minimum", .size(0...(1 << 30)), default: rules.minimumBytes, "Shorter bodies go as they are.")
            rules.types = section.value(
                "types", .oneOrMany(.mediaTypePattern), default: rules.types,
                "Media types such as application/json, text/* or *+json.")
            return .some(rules)
        }
    }
}

extension Kind where Value == String {
    fileprivate static var contentCoding: Kind {
        .choice(["br": "br", "zstd": "zstd", "gzip": "gzip", "deflate": "deflate"])
    }

    fileprivate static var mediaTypePattern: Kind {
        .scalar(
            "a media type such as application/json, text/* or *+json",
            schema: .pattern("^[^ ;]+$"), write: { .string($0) }
        ) { text throws(ScalarProblem) in
            let name = text.value.lowercased()
            let parts = name.split(separator: "/", omittingEmptySubsequences: false)
            let isType = parts.count == 2 && parts.allSatisfy { $0 == "*" || isToken($0) }
            guard isType || name.hasPrefix("*+") && isToken(name.dropFirst(2)) else { throw .expected() }
            guard name != "text/event-stream" else {
                throw .expected("a media type; events are never compressed, since they would be held back")
            }
            return name
        }
    }
}
