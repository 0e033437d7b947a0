/// What a 200 to HEAD says of the GET response that is stored (RFC 9111 §4.3.5).
package enum HeadUpdate: Hashable, Sendable {
    /// It describes what is stored: its fields renew the stored ones, as those of a 304 do.
    case renews
    /// It describes another body: what is stored counts as stale.
    case outdates

    /// - Parameters:
    ///   - stored, head: of the stored response and of the answer to HEAD.
    ///   - length: of the stored body.
    ///   - told: the `Content-Length` of the answer, if it has one.
    package static func decide(
        stored: CacheResponseFacts, length: Int, head: CacheResponseFacts, told: Int?
    ) -> HeadUpdate {
        if !head.etag.isEmpty, head.etag != stored.etag { return .outdates }
        if let modified = head.lastModified, modified != stored.lastModified { return .outdates }
        if let told, told != length { return .outdates }
        return .renews
    }
}
