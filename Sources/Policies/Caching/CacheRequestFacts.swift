/// What a request's fields say to a cache, gathered in one pass over them.
package struct CacheRequestFacts: Sendable {
    package private(set) var directives = CacheDirectives()
    package private(set) var hasAuthorization = false
    package private(set) var hasRange = false
    package private(set) var conditions = ConditionalRequest()
    private var hasPragmaNoCache = false

    package init() {}

    package mutating func add(name: FieldText, value: FieldText) {
        switch name.count {
        case 5: if name.isCaseless("range") { hasRange = true }
        case 6: if name.isCaseless("pragma") { notePragma(value) }
        case 8: if name.isCaseless("if-match") { conditions.isForOrigin = true }
        case 13:
            if name.isCaseless("cache-control") { directives.add(value) }
            if name.isCaseless("if-none-match") { Self.join(&conditions.ifNoneMatch, value) }
            if name.isCaseless("authorization") { hasAuthorization = true }
        case 17: if name.isCaseless("if-modified-since") { conditions.ifModifiedSince = HTTPTime.parse(value) }
        case 19: if name.isCaseless("if-unmodified-since") { conditions.isForOrigin = true }
        default: break
        }
    }

    /// Called after the last line. `Pragma: no-cache` counts only where nothing better is said (RFC 9111 §5.4).
    package mutating func conclude() {
        if hasPragmaNoCache, !directives.isPresent { directives.noCache = true }
    }

    private mutating func notePragma(_ value: FieldText) {
        value.forEachPart { if $0.isCaseless("no-cache") { hasPragmaNoCache = true } }
    }

    private static func join(_ list: inout [UInt8]?, _ value: FieldText) {
        list = list.map { $0 + [UInt8(ascii: ",")] + value } ?? Array(value)
    }
}
