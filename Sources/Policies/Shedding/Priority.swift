/// Which requests go first when not all can be served.
package enum Priority: UInt8, Hashable, Sendable, Comparable {
    /// Is given up first.
    case low
    case normal
    /// Is given up last.
    case high

    package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
}
