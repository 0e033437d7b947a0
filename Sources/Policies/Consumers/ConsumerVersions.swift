/// Whether what a node remembers of the consumers in Redis is still what Redis holds.
///
/// Every change of a consumer, key or plan counts a version up, and is told to all nodes with its number. A node that hears
/// them all knows each change, and forgets just what has changed. An event may be lost; so the node reads the version a few
/// times a second. If it has heard of every version up to that one, all it remembers is confirmed, whatever its number,
/// by this one command. If not, it can't say what has changed: all must be asked for anew before it is used (a new *epoch*).
///
/// A version that the node has not heard of may also be on its way to it, so one that is ahead is believed lost only if it
/// is still ahead at the next reading.
package struct ConsumerVersions: Hashable, Sendable {
    /// Up to which every change was heard of; nil: nothing was read yet.
    package private(set) var known: Int?
    /// A version that was read and had not been heard of.
    private var ahead: Int?

    package init() {}

    package enum Outcome: Hashable, Sendable {
        /// All that is remembered is right.
        case confirmed
        /// It may not be; the next reading will tell.
        case unsure
        /// Changes were missed.
        case missed
    }

    /// A change was heard of: after that, what it names is forgotten.
    package mutating func heard(_ version: Int) -> Outcome {
        guard let known else { return .unsure }
        // Already read and taken for lost.
        guard version > known else { return .unsure }
        self.known = version
        return version == known + 1 ? .confirmed : .missed
    }

    /// The version was read.
    package mutating func read(_ version: Int) -> Outcome {
        guard let known else {
            // What was remembered before may have changed before, too.
            self.known = version
            return .missed
        }
        defer { ahead = version > (self.known ?? version) ? version : nil }
        if version == known { return .confirmed }
        // Smaller: Redis has lost what it knew.
        if version > known, ahead.map({ $0 <= known }) ?? true { return .unsure }
        self.known = version
        return .missed
    }
}
