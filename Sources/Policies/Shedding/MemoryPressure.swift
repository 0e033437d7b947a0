/// How full the memory of a node's buffers is, in steps: each sheds more than the one before.
package enum MemoryPressure: UInt8, Hashable, Sendable, Comparable, CaseIterable {
    case none
    /// Requests of low priority are refused.
    case shedsLow
    /// Those of normal priority too; peers that are slow are read from no further.
    case shedsNormal
    /// All are.
    case shedsAll

    package static func < (left: MemoryPressure, right: MemoryPressure) -> Bool { left.rawValue < right.rawValue }

    /// Share of the limit, in percent, from which a step holds.
    private var entered: Int {
        switch self {
        case .none: 0
        case .shedsLow: 75
        case .shedsNormal: 90
        case .shedsAll: 100
        }
    }

    /// A step is left when so many percent less are held than it began with: near a mark, the level does not flutter.
    private static let slack = 10

    /// The step that follows.
    /// - Parameters:
    ///   - held: bytes in buffers.
    ///   - limit: bytes that may be; at least 1.
    package func next(held: Int, limit: Int) -> MemoryPressure {
        // In percent rounded down, and without overflow for any two sizes.
        let percent = held <= 0 ? 0 : Int(min(Double(held) / Double(max(limit, 1)) * 100, 1_000))
        let reached = Self.allCases.last { percent >= $0.entered } ?? .none
        guard reached < self else { return reached }
        return Self.allCases.last { $0 <= self && percent >= max($0.entered - Self.slack, 0) } ?? .none
    }

    package func sheds(_ priority: Priority) -> Bool {
        switch priority {
        case .low: self >= .shedsLow
        case .normal: self >= .shedsNormal
        case .high: self == .shedsAll
        }
    }

    /// Whether what is held for slow peers may not grow.
    package var holdsReads: Bool { self >= .shedsNormal }
}
