/// Whether requests stay in the node's zone: as long as at least half of the zone's targets are well. With fewer, those that
/// are left would have to carry more than twice their share.
package enum ZonePreference {
    /// - Parameters:
    ///   - near: the targets of the node's own zone, by bits.
    ///   - out: those that are unhealthy or ejected.
    /// - Returns: the targets to choose from, besides what else excludes them; nil: any.
    package static func preferred(near: UInt64, out: UInt64) -> UInt64? {
        let well = near & ~out
        guard near != 0, well.nonzeroBitCount * 2 >= near.nonzeroBitCount else { return nil }
        return well
    }
}
