/// The table of mistakes and messages; grouped as the sections of the file.
let mistakes: [Mistake] =
    shapes + edges + services + callers + routing + limitMistakes + cacheMistakes + protocolMistakes + tlsMistakes
    + accessMistakes + trafficMistakes + shapingMistakes + surfaceMistakes

private let shapes: [Mistake] = [
    Mistake("", "1:1: the configuration is empty; the smallest has upstreams and routes"),
    Mistake("- a", "1:1: expected a mapping with upstreams and routes, found a list"),
    Mistake(
        "{}", "1:1: the key \"upstreams\" is missing; it holds a mapping from names to upstreams",
        "1:1: the key \"routes\" is missing; it holds a list of routes"),
    Mistake("a: [", "2:1: not valid YAML: did not find expected node content while parsing a flow node"),
    Mistake("a: 1\nb: 2\na: 3", "1:1: duplicate key \"a\"; keep one of them"),
    Mistake("a: *x", "1:4: not valid YAML: found undefined alias"),
    Mistake(
        "a: 1\n---\nb: 1", "2:1: not valid YAML: but found another document expected a single document in the stream"),
    .line(
        "drain: !!binary aGk=", "8: YAML tags such as \"tag:yaml.org,2002:binary\" are not supported; remove it",
        "8: drain: \"aGk=\": expected a duration from 0s to 1h, such as 250ms, 30s or 5m"),
    .line("? [a]\n: b", "3: a key must be plain text"),
    .line("<<: 5", "5: \"<<\" merges a mapping, but this is a single value"),
    .line("upsteams: {}", "1: unknown key \"upsteams\"; did you mean \"upstreams\"?"),
    .line(
        "drain:",
        "7: drain: expected a duration from 0s to 1h, such as 250ms, 30s or 5m, but there is no value; give it a value or remove the key"
    ),
    .line("drain: [1s]", "8: drain: expected a duration from 0s to 1h, such as 250ms, 30s or 5m, found a list"),
    .line(
        "drain: 30",
        "8: drain: \"30\": expected a duration from 0s to 1h, such as 250ms, 30s or 5m; did you mean \"30s\"?"),
    .line("drain: 2h", "8: drain: \"2h\": expected a duration from 0s to 1h, such as 250ms, 30s or 5m"),
    .line(
        "drain: 99999999999999999999h",
        "8: drain: \"99999999999999999999h\": expected a duration from 0s to 1h, such as 250ms, 30s or 5m"),
    .line("drain: ${A", "8: drain: malformed variable; write ${NAME} or ${NAME:-default}, and $${ for a literal ${"),
    .line(
        "cors: { origins: [a] }",
        "19: cors.origins[0]: \"a\": expected an origin such as https://app.example.com, or *"),
    .line(
        "cors: { origins: \"*\", credentials: true }",
        "18: cors.origins: any origin can't be allowed with credentials; list the origins that are meant"),
]

private let edges: [Mistake] = [
    .line(
        "listeners: []",
        "12: listeners: expected a list, each entry a listener such as { bind: 0.0.0.0:8080 }, found an empty list"),
    .line(
        "listeners: [{ bind: 8080 }]",
        "21: listeners[0].bind: \"8080\": expected an address and port such as 0.0.0.0:8080, [::]:8080 or :8080; did you mean \":8080\"?"
    ),
    .line(
        "listeners: [{ bind: \"::1:80\" }]",
        "21: listeners[0].bind: \"::1:80\": expected an address and port such as 0.0.0.0:8080, [::]:8080 or :8080"),
    .line(
        "listeners: [{ bind: \"a:65536\" }]",
        "21: listeners[0].bind: \"a:65536\": expected an address and port such as 0.0.0.0:8080, [::]:8080 or :8080"),
    .line(
        "listeners: [{ bind: \":80\" }, { bind: 0.0.0.0:80 }]",
        "12: listeners: 0.0.0.0:80 is bound twice; remove one of the listeners"),
    .line("listeners: [{ bind: 127.0.0.1:9901 }]", "12: listeners: 127.0.0.1:9901 is bound twice; admin has it too"),
    .line(
        "admin: { bind: 0.0.0.0:9901 }",
        "16: admin.bind: an admin listener that others can reach needs a token; set admin.token, or bind to 127.0.0.1"),
    .line(
        "admin: { bind: 0.0.0.0:9901, token: \"${T:-}\" }",
        "16: admin.bind: an admin listener that others can reach needs a token; set admin.token, or bind to 127.0.0.1"),
    .line(
        "trusted_proxies: [10.0.0.1/8]",
        "19: trusted_proxies[0]: \"10.0.0.1/8\": expected an address or a block such as 10.0.0.0/8 (10.0.0.1/8 has bits set after its prefix of 8; write 10.0.0.0/8, or 10.0.0.1 alone)"
    ),
    .line(
        "state: { redis: localhost }",
        "17: state.redis: expected a URL of the form redis://[user:password@]host[:port][/db]; redis+sentinel:// and redis+cluster:// take several hosts, and rediss in place of redis is encrypted"
    ),
    .line(
        "state: { redis: \"redis://h/one\" }",
        "17: state.redis: expected a URL of the form redis://[user:password@]host[:port][/db]; percent-encode special characters in user and password"
    ),
    .line(
        "state: { redis: \"redis://a,b\" }",
        "17: state.redis: redis:// is for one server, but there are several; write redis+sentinel://h1,h2/mymaster or redis+cluster://h1,h2"
    ),
    .line(
        "state: { redis: \"redis+sentinel://a,b\" }",
        "17: state.redis: the name of the master is missing after the sentinels; write redis+sentinel://h1,h2/mymaster"
    ),
    .line(
        "state: { redis: \"redis+sentinel://a,b/m?password=x\" }",
        "17: state.redis: the URL has a parameter that is not known; known parameters: sentinel_user, sentinel_password"
    ),
    .line(
        "state: { redis: \"redis+cluster://a,/0\" }",
        "17: state.redis: expected a URL of the form redis+cluster://[user:password@]host[:port],…; percent-encode special characters in user and password"
    ),
    .line(
        "state: { redis: \"redis+cluster://a,b/1\" }",
        "17: state.redis: a Redis Cluster has only database 0; remove what follows the hosts, and let namespaces keep users of the cluster apart"
    ),
    .line(
        "state: { redis: \"redis://h\", tls: { verify: none } }",
        "35: state.tls: these settings have no effect, since state.redis is not encrypted; write rediss://, or remove tls"
    ),
    .line(
        "state: { redis: \"rediss://h\", tls: { ca: none.pem } }",
        "42: state.tls.ca: cannot read the file \"none.pem\": No such file or directory; paths are relative to the configuration file"
    ),
    .line(
        "state: { redis: \"rediss://h\", tls: { verify: nones, server_name: \"a b\" } }",
        "46: state.tls.verify: \"nones\": expected one of full, chain, none; did you mean \"none\"?",
        "66: state.tls.server_name: \"a b\": expected a host name"),
    .line(
        "state: { redis: \"redis://me@h\" }",
        "17: state.redis: a user in the URL needs a password; write redis://user:password@host"),
    .line(
        "state: { on_failure: locl }",
        "22: state.on_failure: \"locl\": expected one of local, allow, deny; did you mean \"local\"?"),
    .line(
        "state: { namespace: \"a b\" }",
        "21: state.namespace: \"a b\": expected a namespace: 1 to 100 letters, digits, \"_\", \"-\" or \".\""),
    .line("limits: { connections: 0 }", "24: limits.connections: \"0\": expected a whole number from 1 to 10000000"),
    .line(
        "limits: { connections: \"5\" }",
        "24: limits.connections: \"5\": expected a whole number from 1 to 10000000, without quotes"),
    .line(
        "limits: { memory: 100KiB }",
        "19: limits.memory: \"100KiB\": expected a size from 1MiB to 1024GiB, such as 64KiB or 10MiB"),
    .line(
        "limits: { header_bytes: 64k }",
        "25: limits.header_bytes: \"64k\": expected a size from 1KiB to 1MiB, such as 64KiB or 10MiB; did you mean \"64KiB\"?"
    ),
    .line(
        "access_log: { format: xml }",
        "23: access_log.format: \"xml\": expected one of json, logfmt, combined"),
    .line(
        "access_log: { sample: 10 }",
        "23: access_log.sample: \"10\": expected a percentage from 0% to 100%, such as 50%; did you mean \"10%\"?"),
    .line(
        "access_log: { headers: [a, b, c, d, e] }",
        "24: access_log.headers: 5 fields: at most 4 can be logged"),
    .line(
        "telemetry: { traces: { sample: 1% } }",
        "22: telemetry.traces: the key \"endpoint\" is missing; it holds an http or https URL such as http://127.0.0.1:4318"
    ),
    .line(
        "telemetry: { traces: { endpoint: localhost } }",
        "34: telemetry.traces.endpoint: \"localhost\": expected an http or https URL such as http://127.0.0.1:4318"),
    .line(
        "telemetry: { metrics: false }",
        "23: telemetry.metrics: \"false\": expected one of on, off"),
    .line(
        "telemetry: { decisions: { keep: 5 } }",
        "33: telemetry.decisions.keep: \"5\": expected a whole number from 100 to 10000000"),
    .line("node: n", "7: node: expected a mapping such as { id: node-1 }, found a single value"),
]

private let services: [Mistake] = [
    .line(
        "dns: { servers: [ns.example] }",
        "18: dns.servers[0]: \"ns.example\": expected the address of a name server such as 10.0.0.53 or 127.0.0.1:5353"),
    .upstream(
        "{ targets: [{ url: \"http://10.0.0.1\", resolve: srv }] }",
        "53: upstreams.a.targets[0].resolve: an address has no SRV records; write a name such as _http._tcp.example.com in url"
    ),
    .upstream(
        "{ targets: [\"http://a\"], hedge: { after: p9 } }",
        "47: upstreams.a.hedge.after: expected a duration such as 100ms, or a percentile such as p95; from p50 to p99"),
    .upstream(
        "{ targets: [\"http://a\"], adaptive: { minimum: 9, maximum: 3 } }",
        "52: upstreams.a.adaptive.minimum: it is more than maximum, which is 3; lower it, or raise maximum"),
    .upstream(
        "{ targets: [\"http://a\"], adaptive: { tolerance: 50% } }",
        "54: upstreams.a.adaptive.tolerance: \"50%\": expected a percentage from 100% to 1000%, such as 150%"),
    .upstream(
        "{ targets: [\"http://a\"], deadline: \"a b\" }",
        "41: upstreams.a.deadline: \"a b\": expected the name of a header such as X-Request-Timeout"),
    .upstream(
        "{ targets: [\"http://a\"], health: { tcp: true, path: /x } }",
        "46: upstreams.a.health.tcp: tcp asks nothing, so path and grpc can't be asked; keep one of them"),
    .upstream(
        "{}", "6: upstreams.a: the key \"targets\" is missing; it holds a list, each entry a URL or { url, weight }"),
    .upstream(
        "{ targets: [\"http://a/b\"] }",
        "18: upstreams.a.targets[0]: a target's URL has no path or query; write only http://host:port"),
    .upstream("{ targets: [\"a:80\"] }", "18: upstreams.a.targets[0]: expected a URL such as http://127.0.0.1:9001"),
    .upstream(
        "{ targets: [\"http://a:0\"] }", "18: upstreams.a.targets[0]: expected a URL such as http://127.0.0.1:9001"),
    .upstream(
        "{ targets: [{ weight: 1 }] }",
        "18: upstreams.a.targets[0]: the key \"url\" is missing; it holds a URL such as http://127.0.0.1:9001"),
    .upstream(
        "{ targets: [{ url: \"http://a\", weight: -1 }] }",
        "45: upstreams.a.targets[0].weight: \"-1\": expected a whole number from 1 to 1000"),
    .upstream(
        "{ targets: [\"http://a\"], balance: round-robin }",
        "40: upstreams.a.balance: \"round-robin\": expected round_robin, least_requests, random_two, or { hash: ip | consumer | header:NAME | cookie:NAME }; did you mean \"round_robin\"?"
    ),
    .upstream(
        "{ targets: [\"http://a\"], balance: { hash: heade:X } }",
        "48: upstreams.a.balance.hash: \"heade:X\": expected one of ip, consumer, header:NAME, cookie:NAME; did you mean \"header:X\"?"
    ),
    .upstream(
        "{ targets: [\"http://a\"], balance: { hash: { headr: X } } }",
        "48: upstreams.a.balance.hash: expected one of ip, consumer, header:NAME, cookie:NAME; a mapping here has one key, such as { header: NAME }"
    ),
    .upstream(
        "{ targets: [\"http://a\"], breaker: on }",
        "40: upstreams.a.breaker: expected off or a mapping such as { failures: 5, open: 30s }, found a single value"),
    .upstream(
        "{ targets: [\"http://a\"], breaker: { error_rate: 50 } }",
        "54: upstreams.a.breaker.error_rate: \"50\": expected a percentage from 0% to 100%, such as 50%; did you mean \"50%\"?"
    ),
    .upstream(
        "{ targets: [\"http://a\"], breaker: { error_rate: 101% } }",
        "54: upstreams.a.breaker.error_rate: \"101%\": expected a percentage from 0% to 100%, such as 50%"),
    .upstream(
        "{ targets: [\"http://a\"], retries: { on: [conect] }, health: {} }",
        "47: upstreams.a.retries.on[0]: \"conect\": expected connect, reset, timeout, 5xx, a status from 400 to 599, or a gRPC status such as unavailable; did you mean \"connect\"?",
        "66: upstreams.a.health: a health check needs a path, grpc or tcp; add path: /healthz"),
    .upstream(
        "{ targets: [\"http://a\"], health: { path: healthz } }",
        "47: upstreams.a.health.path: a path begins with / and has no blanks; such as /healthz"),
    .upstream(
        "{ targets: [\"http://a\"], health: { grpc: true } }",
        "39: upstreams.a.health: gRPC's health check needs targets that speak HTTP/2; write grpc:// or h2c:// in their URLs"
    ),
    Mistake(
        "upstreams: { \"a b\": { targets: [\"http://a\"] } }\nroutes: [{ upstream: a b }]",
        "1:14: upstreams.\"a b\": \"a b\": expected the name of an upstream: 1 to 100 letters, digits, \"_\", \"-\" or \".\""
    ),
]

private let callers: [Mistake] = [
    .line("authenticators: { none: { api_key: {} } }", "19: authenticators.none: \"none\" is not free to be a name"),
    .line(
        "authenticators: { a: {} }",
        "22: authenticators.a: expected a kind of authenticator; add one of \(authenticatorKinds)"),
    .line(
        "authenticators: { a: { basic: {} } }",
        "31: authenticators.a.basic: expected users; add file or users"),
    .line(
        "authenticators: { a: { jtw: {} } }",
        "22: authenticators.a: expected a kind of authenticator; add one of \(authenticatorKinds)",
        "24: authenticators.a: unknown key \"jtw\"; did you mean \"jwt\"?"),
    .line(
        "authenticators: { a: { api_key: { header: A, query: b } } }",
        "53: authenticators.a.api_key.query: a key is in one place: a header, the query or a cookie; remove one of them"
    ),
    .line(
        "authenticators: { a: { api_key: { header: \"A B\" } } }",
        "43: authenticators.a.api_key.header: \"A B\": expected the name of a header field"),
    .line(
        "authenticators: { a: { jwt: {} } }",
        "29: authenticators.a.jwt: expected a key to verify tokens with; add secret, public_key, keys, jwks or discovery"
    ),
    .line(
        "authenticators: { a: { jwt: { secret: short } } }",
        "39: authenticators.a.jwt.secret: expected a secret of at least 32 bytes, found 5; make one with: openssl rand -base64 32"
    ),
    .line(
        "authenticators: { a: { jwt: { secret: file:absent } } }",
        "39: authenticators.a.jwt.secret: cannot read the file \"absent\": No such file or directory; paths are relative to the configuration file"
    ),
    .line(
        "authenticators: { a: { jwt: { public_key: \"-----BEGIN PRIVATE KEY-----\" } } }",
        "43: authenticators.a.jwt.public_key: expected a PEM that starts with -----BEGIN PUBLIC KEY-----, found a private key; make it with: openssl pkey -in private.pem -pubout"
    ),
    .line(
        "authenticators: { a: { jwt: { public_key: \"-----BEGIN PUBLIC KEY-----\" } } }",
        "29: authenticators.a.jwt: the key \"algorithms\" is missing; add algorithms: [RS256] or [ES256]"),
    .line(
        "authenticators: { a: { jwt: { algorithms: [RS256], secret: 01234567890123456789012345678901 } } }",
        "43: authenticators.a.jwt.algorithms: there is no key for RS256; add a public_key",
        "43: authenticators.a.jwt.algorithms: the secret is of no use without HS256; add HS256 to algorithms, or remove the key"
    ),
    .line(
        "authenticators: { a: { jwt: { algorithms: [HS256], jwks: \"https://idp\" } } }",
        "43: authenticators.a.jwt.algorithms: there is no key for HS256; add a secret"),
    .line(
        "authenticators: { a: { jwt: { jwks: \"ftp://idp\" } } }",
        "37: authenticators.a.jwt.jwks: \"ftp://idp\": expected a URL such as https://idp.example/keys, or file:PATH of a key set"
    ),
    .line(
        "authenticators: { a: { jwt: { jwks: \"https://idp\", discovery: \"https://idp\" } } }",
        "63: authenticators.a.jwt.discovery: keys come from one provider; remove jwks or discovery"),
    .line(
        "authenticators: { a: { jwt: { algorithms: [none], secret: 01234567890123456789012345678901 } } }",
        "44: authenticators.a.jwt.algorithms[0]: \"none\": expected one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"
    ),
    .line(
        "consumers: [{ plan: gold }]",
        "13: consumers[0]: the key \"id\" is missing; it holds an id of 1 to 128 visible ASCII characters without { and }",
        "21: consumers[0].plan: there is no plan \"gold\"; no plans are configured"),
    .line(
        "consumers: [{ id: a }, { id: a }]",
        "30: consumers[1].id: the id \"a\" is taken already by consumers[0].id, line 5; make it unique"),
    .line(
        "consumers: [{ id: a, keys: [clear] }]",
        "29: consumers[0].keys[0]: expected the hash of an API key: sha256: and 64 hexadecimal digits; make it with: printf %s KEY | sha256sum"
    ),
    .line(
        "authentication: { failures: 10/minutes }",
        "29: authentication.failures: \"10/minutes\": expected off or a rate such as 10/minute; did you mean \"10/minute\"?"
    ),
    .line(
        "authentication: { failures: 0/minute }",
        "29: authentication.failures: \"0/minute\": expected a rate of 1 to 1000000 attempts in 1s to 1d"),
    .line(
        "consumers: [{ id: a, keys: [{ expires: soon }] }]",
        "29: consumers[0].keys[0]: the key \"sha256\" is missing; it holds the hash of an API key: sha256: and 64 hexadecimal digits",
        "40: consumers[0].keys[0].expires: \"soon\": expected a day such as 2027-01-01, or a time such as 2027-01-01T12:30:00Z"
    ),
    .line(
        "consumers: [{ id: a, keys: [{ sha256: my-secret, addresses: 10.0.0.1/8, plan: gold }] }]",
        "39: consumers[0].keys[0].sha256: expected the hash of an API key: sha256: and 64 hexadecimal digits; make it with: printf %s KEY | sha256sum",
        "61: consumers[0].keys[0].addresses: \"10.0.0.1/8\": expected an address or a block such as 10.0.0.0/8 (10.0.0.1/8 has bits set after its prefix of 8; write 10.0.0.0/8, or 10.0.0.1 alone)",
        "79: consumers[0].keys[0].plan: there is no plan \"gold\"; no plans are configured"),
    .line(
        "plans: { gold: { limits: [10/second, 5/1s] } }",
        "38: plans.gold.limits[1]: \"5/1s\" and \"10/second\" have the same period; keep the smaller one"),
    .line(
        "plans: { gold: { limits: [0/second] } }",
        "27: plans.gold.limits[0]: \"0/second\": expected a rate of 1 to 1000000000 requests"),
]

private let routing: [Mistake] = [
    .route("{ match: { path: /b } }", "5: routes[1]: a route needs an upstream; add upstream: NAME"),
    .route(
        "{ name: users, match: { path: /b }, upstream: users }",
        "13: routes[1].name: the name \"users\" is taken already by routes[0].name, line 4; make it unique"),
    .route(
        "{ match: { pathh: /b }, upstream: users }",
        "16: routes[1].match: unknown key \"pathh\"; did you mean \"path\"?"),
    .route("{ match: { path: b }, upstream: users }", "22: routes[1].match.path: a path starts with \"/\""),
    .route(
        "{ match: { methods: [get] }, upstream: users }",
        "26: routes[1].match.methods[0]: \"get\": expected a method in upper case, such as GET; did you mean \"GET\"?"),
    .route(
        "{ match: { hosts: [\"a.b:80\"] }, upstream: users }",
        "24: routes[1].match.hosts[0]: \"a.b:80\": expected a host name such as api.example.com or *.example.com, without port; did you mean \"a.b\"?"
    ),
    .route(
        "{ match: { headers: { X: [1] } }, upstream: users }",
        "30: routes[1].match.headers.X: expected a value, or a regular expression that starts with ~, found a list"),
    .route(
        "{ aggregate: {} }",
        "18: routes[1].aggregate: the key \"steps\" is missing; it holds a mapping from names to steps such as { order: { upstream: orders, path: \"/orders/{id}\" } }"
    ),
    .route(
        "{ upstream: users, auth: { scopes: [a] } }",
        "30: routes[1].auth: the key \"any\" is missing; it lists the authenticators"),
    .route(
        "{ upstream: users, auth: { any: [], all: [] } }",
        "37: routes[1].auth.any: expected the name of an authenticator, or a list of them, found an empty list",
        "46: routes[1].auth.all: expected the name of an authenticator, or a list of them, found an empty list",
        "46: routes[1].auth.all: one of any and all can be said, not both; keep one of them"),
    .route(
        "{ upstream: users, limit: { per: consumer, rates: [1/second] } }",
        "31: routes[1].limit: a limit per consumer needs to know the caller, but the route is open to all; add auth, or count per ip"
    ),
    .route(
        "{ upstream: users, limit: [{ per: ipp, rates: [1/second] }] }",
        "39: routes[1].limit[0].per: \"ipp\": expected one of consumer, route, ip, header:NAME, claim:NAME; did you mean \"ip\"?"
    ),
    .route(
        "{ upstream: users, match: { path: \"/users/**\" } }",
        "5: routes[1]: routes \"users\" and \"route-2\" both match /users/**, and neither is more specific; give one of them another host, path or method, or one more condition (the other is in line 4)"
    ),
]
