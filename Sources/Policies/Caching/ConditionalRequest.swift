/// The preconditions of a request against a stored response (RFC 9110 §13).
package struct ConditionalRequest: Sendable {
    package enum Outcome: Hashable, Sendable { case proceed, notModified }

    /// Elements of `If-None-Match`, several lines joined by commas; nil if there is no such field.
    package var ifNoneMatch: [UInt8]?
    package var ifModifiedSince: Int?
    /// It has `If-Match` or `If-Unmodified-Since`, of which only the origin may say that they fail: it alone knows what
    /// the resource is now (RFC 9111 §4.3.2).
    package var isForOrigin = false

    package init() {}

    package var isEmpty: Bool { ifNoneMatch == nil && ifModifiedSince == nil }

    /// In the order of RFC 9110 §13.2.2.
    /// - Parameters:
    ///   - lastModified: of the stored response; without one its Date (RFC 9111 §4.3.2). Seconds since 1970.
    package func evaluate(etag: [UInt8], lastModified: Int?) -> Outcome {
        if let ifNoneMatch { return Self.matches(ifNoneMatch, etag) ? .notModified : .proceed }
        if let ifModifiedSince, let lastModified, lastModified <= ifModifiedSince { return .notModified }
        return .proceed
    }

    /// Whether a list of entity tags, or `*`, holds this one, be it weak (RFC 9110 §8.8.3.2).
    static func matches(_ list: [UInt8], _ etag: [UInt8]) -> Bool {
        list.withUnsafeBufferPointer { list in
            if list.withoutBlanks.isCaseless("*") { return true }
            guard !etag.isEmpty else { return false }
            return etag.withUnsafeBufferPointer { etag in
                var isFound = false
                list.forEachPart(hasEscapes: false) { isFound = isFound || equal($0, etag, isStrong: false) }
                return isFound
            }
        }
    }

    static func equal(_ left: FieldText, _ right: FieldText, isStrong: Bool) -> Bool {
        let (leftTag, isLeftWeak) = opaque(left)
        let (rightTag, isRightWeak) = opaque(right)
        if isStrong, isLeftWeak || isRightWeak { return false }
        return leftTag.elementsEqual(rightTag)
    }

    private static func opaque(_ tag: FieldText) -> (FieldText, isWeak: Bool) {
        guard tag.count >= 2, tag[0] == UInt8(ascii: "W"), tag[1] == UInt8(ascii: "/") else { return (tag, false) }
        return (FieldText(rebasing: tag[2...]), true)
    }
}

/// The part of a complete stored body that a request asks for (RFC 9110 §14).
package enum RangeRequest {
    package enum Outcome: Hashable, Sendable {
        /// No range, or one that is left aside: the whole body.
        case whole
        /// Never empty, within the body.
        case part(Range<Int>)
        case unsatisfiable
    }

    /// - Parameters:
    ///   - ifRange: value of `If-Range`; the range only counts if it names what is stored (RFC 9110 §13.1.5).
    ///   - lastModified: of the stored response, if it is a strong validator (RFC 9110 §8.8.2.2).
    package static func evaluate(
        _ range: FieldText, ifRange: FieldText?, length: Int, etag: [UInt8], lastModified: Int?
    ) -> Outcome {
        if let ifRange, !names(ifRange, etag, lastModified) { return .whole }
        guard range.count > 6, FieldText(rebasing: range[..<6]).isCaseless("bytes=") else { return .whole }
        var (part, count) = (range, 0)
        FieldText(rebasing: range[6...]).forEachPart {
            part = $0
            count += 1
        }
        // Several parts may be answered with the whole (RFC 9110 §14.2).
        guard count == 1, let dash = part.firstIndex(of: UInt8(ascii: "-")) else { return .whole }
        let first = FieldText(rebasing: part[..<dash])
        let last = FieldText(rebasing: part[(dash + 1)...])
        if first.isEmpty {
            guard let suffix = last.deltaSeconds else { return .whole }
            guard suffix > 0, length > 0 else { return .unsatisfiable }
            return .part(max(0, length - suffix)..<length)
        }
        guard let start = first.deltaSeconds else { return .whole }
        if last.isEmpty { return start < length ? .part(start..<length) : .unsatisfiable }
        guard let end = last.deltaSeconds, end >= start else { return .whole }
        return start < length ? .part(start..<min(end + 1, length)) : .unsatisfiable
    }

    private static func names(_ ifRange: FieldText, _ etag: [UInt8], _ lastModified: Int?) -> Bool {
        if ifRange.contains(UInt8(ascii: "\"")) {
            return !etag.isEmpty
                && etag.withUnsafeBufferPointer { ConditionalRequest.equal(ifRange, $0, isStrong: true) }
        }
        return lastModified != nil && HTTPTime.parse(ifRange) == lastModified
    }
}
