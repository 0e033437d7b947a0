import Policies
import RedisClient

/// A named limit with all its windows, which are decided together.
///
/// The name is part of the bucket's key in Redis, so it must follow from the configuration alone: nodes with the same
/// configuration share the bucket.
package final class LimitPolicy: Sendable {
    package let name: String
    /// At least one; no two with the same period.
    package let windows: [RateWindow]
    /// Its part of the arguments of `take.lua`, which never changes: written once, copied into each command.
    let arguments: RedisCommandWriter.Encoded

    package init(name: String, windows: [RateWindow]) {
        self.name = name
        self.windows = windows
        var words = ["\(windows.count)"]
        for window in windows {
            words += [window.name, window.text, "\(window.capacity)"]
            words += ["\(window.terms.count)", "\(window.terms.period)"]
        }
        arguments = RedisCommandWriter.encoding(words)
    }
}
