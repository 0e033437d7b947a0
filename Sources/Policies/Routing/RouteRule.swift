/// What a request must look like to take a route; plain values, as configured.
package struct RouteRule: Hashable, Sendable {
    /// The route's name, for errors and metrics.
    package var name: String
    /// Host names, lower case, without port; `*.example.com` matches any one or more leading labels. Empty: any host.
    package var hosts: [String]
    /// `/api/users/{id}`, `/files/**`; parameters fill one segment, `**` (last only) the rest, also none.
    package var path: PathPattern
    /// Upper-case methods; empty: any. GET implies HEAD.
    package var methods: [String]
    /// All must hold.
    package var headers: [FieldCondition]
    /// All must hold.
    package var query: [FieldCondition]

    package init(
        name: String, hosts: [String] = [], path: PathPattern, methods: [String] = [],
        headers: [FieldCondition] = [], query: [FieldCondition] = []
    ) {
        self.name = name
        self.hosts = hosts
        self.path = path
        self.methods = methods
        self.headers = headers
        self.query = query
    }

    var conditionCount: Int { headers.count + query.count }
}
