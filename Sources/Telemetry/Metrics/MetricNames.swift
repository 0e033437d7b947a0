/// Names of routes, upstreams and policies as small numbers, so that workers count by index. A name keeps its number
/// across reloads (counters must not jump), also when it disappears and comes back.
package struct MetricNames: Sendable {
    package var routes = NameIndex()
    package var upstreams = NameIndex()
    package var policies = NameIndex()
    /// By `VersionLabel.key`.
    package var versions = NameIndex()
    /// Of aggregations: the route's name and the step's, joined by a slash, which neither has.
    package var steps = NameIndex()

    package init() {}
}

/// Numbers for the names of one kind. Bounded: a process that is reloaded for months with ever new names counts the
/// latest of them together.
package struct NameIndex: Sendable {
    /// What no configured thing is responsible for, such as a request that matched no route.
    package static let none = 0
    /// All names beyond the bound.
    package static let other = 1
    package static let maximumNames = 50_000

    package private(set) var names = ["(none)", "(other)"]
    private var indices: [String: Int] = [:]

    package init() {}

    /// The number of `name`, given now if it has none.
    package mutating func index(of name: String) -> Int {
        if let index = indices[name] { return index }
        guard names.count < Self.maximumNames else { return Self.other }
        indices[name] = names.count
        names.append(name)
        return names.count - 1
    }
}
