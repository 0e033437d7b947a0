/// What a response's fields say to a cache, gathered line by line. Times are seconds since 1970.
package struct CacheResponseFacts: Sendable {
    package var status: Int
    package private(set) var directives = CacheDirectives()
    private var targeted: [[UInt8]] = []
    package private(set) var date: Int?
    /// Nil if there is none; `.min` if it is no date, which means in the past (RFC 9111 §5.3).
    package private(set) var expires: Int?
    /// Seconds; nil if there is none.
    package private(set) var age: Int?
    package private(set) var lastModified: Int?
    package private(set) var lastModifiedText: [UInt8] = []
    package private(set) var etag: [UInt8] = []
    package private(set) var vary = VaryNames()
    package private(set) var setsCookie = false
    /// Names of `Surrogate-Key` (apart by blanks) and `Cache-Tag` (by commas); at most 64.
    package private(set) var tags: [String] = []
    package private(set) var location: [UInt8] = []
    package private(set) var contentLocation: [UInt8] = []
    package private(set) var isEncoded = false
    package private(set) var contentType: [UInt8] = []
    private let now: Int

    /// - Parameter now: seconds since 1970, when the response came.
    package init(status: Int, now: Int) {
        self.status = status
        self.now = now
    }

    package mutating func add(name: FieldText, value: FieldText) {
        switch name.count {
        case 3: if name.isCaseless("age"), age == nil { age = value.firstElement.deltaSeconds }
        case 4:
            if name.isCaseless("date") { date = date ?? HTTPTime.parse(value, now: now) } else { addFour(name, value) }
        case 7:
            if name.isCaseless("expires") { expires = min(expires ?? .max, HTTPTime.parse(value, now: now) ?? .min) }
        case 8: if name.isCaseless("location") { location = Array(value) }
        case 9: if name.isCaseless("cache-tag") { addTags(value, separator: UInt8(ascii: ",")) }
        case 10: if name.isCaseless("set-cookie") { setsCookie = true }
        case 12: if name.isCaseless("content-type") { contentType = Array(value) }
        case 13: addThirteen(name, value)
        case 16:
            if name.isCaseless("content-location") { contentLocation = Array(value) }
            if name.isCaseless("content-encoding") { isEncoded = true }
        case 17: if name.isCaseless("cdn-cache-control") { targeted.append(Array(value)) }
        default: break
        }
    }

    private mutating func addFour(_ name: FieldText, _ value: FieldText) {
        if name.isCaseless("etag"), etag.isEmpty { etag = Array(value) }
        if name.isCaseless("vary") { vary.add(value) }
    }

    private mutating func addThirteen(_ name: FieldText, _ value: FieldText) {
        if name.isCaseless("cache-control") {
            directives.add(value)
        } else if name.isCaseless("last-modified"), lastModified == nil {
            lastModified = HTTPTime.parse(value, now: now)
            if lastModified != nil { lastModifiedText = Array(value) }
        } else if name.isCaseless("surrogate-key") {
            addTags(value, separator: UInt8(ascii: " "))
        }
    }

    private mutating func addTags(_ value: FieldText, separator: UInt8) {
        value.forEachPart(separatedBy: separator) { tag in
            if tags.count < 64, tag.count <= 200 { tags.append(String(decoding: tag, as: UTF8.self)) }
        }
    }

    /// The route says that responses differ by this request field too.
    package mutating func addVary(_ name: String) { vary.add(name: name) }

    /// Server-sent events, which come for as long as the client listens.
    var isEventStream: Bool {
        contentType.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 && $0 != 0x09 }
            .map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }.elementsEqual("text/event-stream".utf8)
    }

    /// The directives that count for this cache; with those that are meant for it `Expires` doesn't (RFC 9213 §2.2).
    var effective: (directives: CacheDirectives, isTargeted: Bool) {
        if !targeted.isEmpty, let own = TargetedDirectives.parse(targeted) { return (own, true) }
        return (directives, false)
    }

    /// Whether no second version can have the same date: it is older than the response by a second at least (RFC 9110
    /// §8.8.2.2). Only then it may put parts together.
    package var isLastModifiedStrong: Bool {
        guard let lastModified, let date else { return false }
        return date > lastModified
    }

    package var hasValidator: Bool { !etag.isEmpty || lastModified != nil }

    /// The age the response had when it came, in microseconds (RFC 9111 §4.2.3).
    /// - Parameter delay: from sending the request to the response, in microseconds.
    package func initialAge(delay: Int) -> Int {
        let apparent = max(0, now - (date ?? now)) * 1_000_000
        return max(apparent, (age ?? 0) * 1_000_000 + delay)
    }
}

extension FieldText {
    /// Of a field that should have had one value.
    fileprivate var firstElement: FieldText {
        var first: FieldText?
        forEachPart { if first == nil { first = $0 } }
        return first ?? self
    }
}
