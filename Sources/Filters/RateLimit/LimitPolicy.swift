import Policies

/// A named limit with all its windows, which are decided together.
///
/// The name is part of the bucket's key in Redis, so it must follow from the configuration alone: nodes with the same
/// configuration share the bucket.
package final class LimitPolicy: Sendable {
    package let name: String
    /// At least one; no two with the same period.
    package let windows: [RateWindow]

    package init(name: String, windows: [RateWindow]) {
        self.name = name
        self.windows = windows
    }
}
