/// What `Cache-Control` says in a request or a response (RFC 9111 §5.2, RFC 5861, RFC 8246). Seconds throughout.
package struct CacheDirectives: Hashable, Sendable {
    package var noStore = false
    package var noCache = false
    package var isPrivate = false
    package var isPublic = false
    package var mustRevalidate = false
    package var proxyRevalidate = false
    package var mustUnderstand = false
    package var noTransform = false
    package var immutable = false
    package var onlyIfCached = false
    package var maxAge: Int?
    package var sharedMaxAge: Int?
    package var minFresh: Int?
    /// `Int.max` without a value: however stale.
    package var maxStale: Int?
    package var staleWhileRevalidate: Int?
    package var staleIfError: Int?
    /// Fields that `no-cache` and `private` name: kept out of the stored response, which then may be used.
    package var withheldFields: Set<String> = []
    /// Whether there was any line at all.
    package private(set) var isPresent = false

    package init() {}

    /// Takes in one field line; several lines are one list (RFC 9110 §5.3).
    package mutating func add(_ line: FieldText) {
        isPresent = true
        line.forEachPart { part in
            let (name, value) = part.pair
            // No blank may stand beside the "=": whatever is meant, it is no number and no list of names.
            note(name, part.hasBlankInPair ? value.map { FieldText(rebasing: $0[..<0]) } : value?.withoutQuotes)
        }
    }

    /// By RFC 9111 §4.2.1 a contradiction or nonsense counts as what makes the response stale soonest.
    private mutating func note(_ name: FieldText, _ value: FieldText?) {
        switch name.count {
        case 6: if name.isCaseless("public") { isPublic = true }
        case 7:
            if name.isCaseless("private") { isPrivate = withholds(value, else: isPrivate) }
            if name.isCaseless("max-age") { maxAge = Self.soonest(maxAge, value) }
        case 8:
            if name.isCaseless("no-store") { noStore = true }
            if name.isCaseless("no-cache") { noCache = withholds(value, else: noCache) }
            if name.isCaseless("s-maxage") { sharedMaxAge = Self.soonest(sharedMaxAge, value) }
        case 9:
            if name.isCaseless("min-fresh") { minFresh = max(minFresh ?? 0, value?.deltaSeconds ?? 0) }
            if name.isCaseless("max-stale") {
                maxStale = min(maxStale ?? .max, value.map { $0.deltaSeconds ?? 0 } ?? .max)
            }
            if name.isCaseless("immutable") { immutable = true }
        case 12: if name.isCaseless("no-transform") { noTransform = true }
        default: noteLong(name, value)
        }
    }

    private mutating func noteLong(_ name: FieldText, _ value: FieldText?) {
        if name.isCaseless("must-revalidate") {
            mustRevalidate = true
        } else if name.isCaseless("proxy-revalidate") {
            proxyRevalidate = true
        } else if name.isCaseless("must-understand") {
            mustUnderstand = true
        } else if name.isCaseless("only-if-cached") {
            onlyIfCached = true
        } else if name.isCaseless("stale-while-revalidate") {
            staleWhileRevalidate = Self.soonest(staleWhileRevalidate, value)
        } else if name.isCaseless("stale-if-error") {
            staleIfError = Self.soonest(staleIfError, value)
        }
    }

    private static func soonest(_ known: Int?, _ value: FieldText?) -> Int {
        min(known ?? .max, value?.deltaSeconds ?? 0)
    }

    /// With names the directive is about these fields alone (RFC 9111 §5.2.2.4, §5.2.2.7); true if it is about all, as it
    /// is with anything that is no list of names.
    private mutating func withholds(_ names: FieldText?, else isSet: Bool) -> Bool {
        guard let names else { return true }
        var (fields, isList) = ([String](), true)
        names.forEachPart { name in
            isList = isList && name.isToken && fields.count < Self.maximumNames
            if isList { fields.append(name.lowerCaseName) }
        }
        guard isList, !fields.isEmpty else { return true }
        withheldFields.formUnion(fields)
        return isSet
    }

    private static let maximumNames = 32
}
