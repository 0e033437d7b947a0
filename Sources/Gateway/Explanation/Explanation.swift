/// What would become of a request, and why: its route, why other routes lost, and every step it would take. Holds no secret:
/// neither a credential of the request nor one of the configuration.
package struct Explanation: Codable, Hashable, Sendable {
    package struct Asked: Codable, Hashable, Sendable {
        package var method: String
        package var host: String
        /// As routes see it: normalised.
        package var path: String
        package var query: String
    }

    /// A route that doesn't take the request.
    package struct Loser: Codable, Hashable, Sendable {
        package var route: String
        package var reasons: [String]
    }

    package struct Parameter: Codable, Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// One thing that is done with the request or its response, in the order in which it is done.
    package struct Step: Codable, Hashable, Sendable {
        package var phase: String
        package var detail: String
    }

    package struct Window: Codable, Hashable, Sendable {
        package var window: String
        package var left: Int
        package var capacity: Int
    }

    package struct Limit: Codable, Hashable, Sendable {
        package var policy: String
        package var rates: [String]
        package var concurrency: Int?
        /// Whose tokens are taken; nil: the request doesn't tell. `REDACTED` for a credential.
        package var subject: String?
        package var isShadow: Bool
        /// What is left of it; nil where nobody was asked. Empty: all of it.
        package var live: [Window]?
    }

    package struct Cache: Codable, Hashable, Sendable {
        package var key: String
        /// Whether this node's memory has something under the key; nil where no node was asked.
        package var isInMemory: Bool?
    }

    package struct Upstream: Codable, Hashable, Sendable {
        package var name: String
        package var targets: [String]
        /// `off`, or the state where a node was asked.
        package var breaker: String?
    }

    package struct Route: Codable, Hashable, Sendable {
        package var name: String
        package var path: String
        package var parameters: [Parameter]
        /// Who is calling, as far as that can be told; nil: nobody is asked for, or it can't be told.
        package var consumer: String?
        /// Of the API; nil: the route has none, or the request names none that it has.
        package var version: String?
        package var steps: [Step]
        package var limits: [Limit]
        /// One, or one for each arm of a split that the request may be drawn to; none where the cache is not asked.
        package var cache: [Cache]
        package var upstreams: [Upstream]
    }

    package var asked: Asked
    /// `forwarded`, or the status that the gateway itself would answer with, and why.
    package var outcome: String
    package var route: Route?
    package var others: [Loser]
    /// The node that was asked; nil: a file was.
    package var node: String?
}
