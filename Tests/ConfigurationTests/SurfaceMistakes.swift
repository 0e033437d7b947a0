/// Mistakes in versions and gateways, with what is said about each.
let surfaceMistakes: [Mistake] = versions + gateways

private let versions: [Mistake] = [
    .route(
        "{ upstream: users, versions: {} }",
        "34: routes[1].versions: the key \"from\" is missing; it says where requests name their version"),
    .route(
        "{ upstream: users, versions: { from: { header: V } } }",
        "34: routes[1].versions: there is no version; add \"1\": {}"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, default: \"3\", \"1\": {}, \"2\": {} } }",
        "66: routes[1].versions.default: there is no version \"3\"; did you mean \"1\"?"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, tell: \"a b\", \"2\": {} } }",
        "63: routes[1].versions.tell: \"a b\": expected off or the name of a response field such as API-Version"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, tell: Date, \"2\": {} } }",
        "63: routes[1].versions.tell: Date is written by the gateway itself"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, defualt: \"2\", \"2\": {} } }",
        "57: routes[1].versions: unknown key \"defualt\"; did you mean \"default\"?"),
    .route(
        "{ upstream: users, versions: { from: { header: V, query: v }, \"2\": {} } }",
        "42: routes[1].versions.from: one place is said at a time, and these are header and query; write a list, each of its entries with one of them"
    ),
    .route(
        "{ upstream: users, versions: { from: { path: /v }, \"2\": {} } }",
        "50: routes[1].versions.from.path: expected a prefix with {version} in its last segment, such as /v{version}"),
    .route(
        "{ upstream: users, versions: { from: { path: \"/v{version}/x\" }, \"2\": {} } }",
        "50: routes[1].versions.from.path: the version stands in the last segment of the prefix, as in /api/v{version}"),
    .route(
        "{ upstream: users, versions: { from: { accept: application/json }, \"2\": {} } }",
        "52: routes[1].versions.from.accept: expected a media type with {version} once, such as application/vnd.api+json;version={version}"
    ),
    .route(
        "{ upstream: users, versions: { from: { header: V }, \"a/b\": {} } }",
        "57: routes[1].versions: \"a/b\": expected the name of a version: 1 to 64 letters, digits, \"_\", \"-\" or \".\""
    ),
    .route(
        "{ upstream: users, versions: { from: { header: V }, \"1\": { deprecated: soon, sunset: 2026-02-30 } } }",
        "76: routes[1].versions.1.deprecated: \"soon\": expected a date such as 2026-06-30, or a time such as 2026-06-30T12:00:00Z",
        "90: routes[1].versions.1.sunset: \"2026-02-30\": expected a date such as 2026-06-30, or a time such as 2026-06-30T12:00:00Z"
    ),
    .route(
        "{ upstream: users, versions: { from: { header: V }, \"1\": { deprecated: 2026-06-30, sunset: 2026-01-01 } } }",
        "96: routes[1].versions.1.sunset: a version ends no earlier than it is deprecated; mend one of the dates"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, \"1\": { after_sunset: gone } } }",
        "78: routes[1].versions.1.after_sunset: there is no sunset for it to be after; add sunset: DATE"),
    .route(
        "{ upstream: users, versions: { from: { header: V }, \"1\": { upstream: usrs, link: \"a b\" } } }",
        "74: routes[1].versions.1.upstream: there is no upstream \"usrs\"; did you mean \"users\"?",
        "86: routes[1].versions.1.link: \"a b\": expected a URL such as https://docs.example.com/v2, or { deprecation: URL, sunset: URL, successor: URL }"
    ),
    .route(
        "{ match: { path: /users/** }, upstream: users, versions: { from: { path: \"/v{version}\" }, \"1\": {} } }",
        "5: routes[1]: routes \"users\" and \"route-2\" both match /users/**, and neither is more specific; give one of them another host, path or method, or one more condition (the other is in line 4)"
    ),
]

private let gateways: [Mistake] = [
    .line(
        "gateways: [{ name: mobile, routes: [users] }]",
        "12: gateways[0]: a gateway has hosts or listeners of its own; add hosts: [m.example.com]"),
    .line(
        "gateways: [{ name: mobile, hosts: [m.test], routes: [usrs] }]",
        "54: gateways[0].routes[0]: there is no route \"usrs\"; did you mean \"users\"?"),
    .line(
        "gateways: [{ name: mobile, hosts: [m.test], routes: [] }]",
        "53: gateways[0].routes: expected a list, each entry the name of a route, found an empty list"),
    .line(
        "gateways: [{ hosts: [m.test] }]",
        "12: gateways[0]: the key \"name\" is missing; it holds a gateway's name: 1 to 100 letters, digits, \"_\", \"-\" or \".\"",
        "12: gateways[0]: the key \"routes\" is missing; it holds a list, each entry the name of a route"),
    .line(
        "gateways: [{ name: a, hosts: m.test, routes: [users] }, { name: a, hosts: n.test, routes: [users] }]",
        "65: gateways[1].name: the gateway \"a\" is taken already by gateways[0].name, line 5; make it unique"),
    .line(
        "gateways: [{ name: a, hosts: m.test, routes: [users] }, { name: b, hosts: m.test, routes: [users] }]",
        "92: gateways[1].routes[0]: routes \"a/users\" and \"b/users\" both match m.test/users/**, and neither is more specific; give one of them another host, path or method, or one more condition (the other is in line 5)"
    ),
    .line(
        "gateways: [{ name: a, listeners: [\":8081\"], routes: [users] }]",
        "12: gateways[0]: gateway \"a\": there is no listener 0.0.0.0:8081; known: 0.0.0.0:8080"),
    .line(
        "gateways: [{ name: a, hosts: m.test, routes: [users], limit: { per: consumer, rates: [1/second] } }]",
        "12: gateways[0]: gateway \"a\": a limit per consumer needs to know the caller, but its route \"users\" is open to all; add auth to one of them, or count per ip"
    ),
    .line(
        "gateways: [{ name: a, host: m.test, routes: [users] }]",
        "12: gateways[0]: a gateway has hosts or listeners of its own; add hosts: [m.example.com]",
        "23: gateways[0]: unknown key \"host\"; did you mean \"hosts\"?"),
]
