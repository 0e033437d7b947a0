/// Mistakes in what is said of protocols, with what is said about each.
let protocolMistakes: [Mistake] = bounds + targets + proxies + upgrades + translations + handshakes

private let bounds: [Mistake] = [
    .line("limits: { streams: 0 }", "20: limits.streams: \"0\": expected a whole number from 1 to 10000"),
    .line(
        "limits: { connections_per_adress: 5 }",
        "11: limits: unknown key \"connections_per_adress\"; did you mean \"connections_per_address\"?"),
    .line(
        "limits: { connections_per_address: 0 }",
        "36: limits.connections_per_address: \"0\": expected a whole number from 1 to 10000000"),
    .upstream(
        "{ targets: [\"http://a\"], max_streams: 10001 }",
        "44: upstreams.a.max_streams: \"10001\": expected a whole number from 1 to 10000"),
    .upstream(
        "{ targets: [\"http://a\"], total_timeout: 60 }",
        "46: upstreams.a.total_timeout: \"60\": expected a duration from 1ms to 24h, such as 250ms, 30s or 5m; did you mean \"60s\"?"
    ),
    .route(
        "{ upstream: users, body: 10MB }",
        "30: routes[1].body: \"10MB\": expected a size from 0 to 1024GiB, such as 64KiB or 10MiB; did you mean \"10MiB\"?"
    ),
]

private let targets: [Mistake] = [
    .upstream(
        "{ targets: [\"htps://a\"] }",
        "18: upstreams.a.targets[0]: expected a URL such as http://127.0.0.1:9001; what stands before :// is one of http, https, h2c, h2, grpc, grpcs"
    ),
    .upstream(
        "{ targets: [\"grpcs://a/b\"] }",
        "18: upstreams.a.targets[0]: a target's URL has no path or query; write only grpcs://host:port"),
    .upstream(
        "{ targets: [\"grpc://me:secret@a\"] }",
        "18: upstreams.a.targets[0]: expected a URL such as http://127.0.0.1:9001; without user and password"),
    .upstream(
        "{ targets: [\"https://a\"], protocol: h2 }",
        "42: upstreams.a.protocol: \"h2\": expected one of http1, http2, auto"),
    .upstream(
        "{ targets: [\"https://a\", \"h2c://a\"], protocol: http1 }",
        "53: upstreams.a.protocol: a target's URL says that it speaks HTTP/2; write http:// or https:// there, or remove protocol"
    ),
    .upstream(
        "{ targets: [\"https://a\", \"http://a\"], protocol: auto }",
        "54: upstreams.a.protocol: auto is decided by TLS, and a target of this upstream is without; write https:// in its URL, or protocol: http1 or http2"
    ),
]

private let proxies: [Mistake] = [
    .line(
        "listeners: [{ bind: \":80\" }, { bind: \":81\", proxy_protocol: true }]",
        "61: listeners[1].proxy_protocol: proxy_protocol believes what trusted proxies say of their clients, and there are none; add trusted_proxies with the proxy's address"
    ),
    .line(
        "listeners: [{ bind: \":80\", proxy_protocol: yes }]",
        "44: listeners[0].proxy_protocol: \"yes\": expected true or false; did you mean \"true\"?"),
]

private let upgrades: [Mistake] = [
    .route(
        "{ upstream: users, upgrade: websockets }",
        "33: routes[1].upgrade: \"websockets\": expected off, websocket, any, or { protocols: [websocket], idle_timeout: 5m, lifetime: 24h }; did you mean \"websocket\"?"
    ),
    .route(
        "{ upstream: users, upgrade: [websocket] }",
        "33: routes[1].upgrade: expected off, websocket, any, or { protocols: [websocket], idle_timeout: 5m, lifetime: 24h }, found a list"
    ),
    .route(
        "{ upstream: users, upgrade: { protocols: [websocket, H2C] } }",
        "58: routes[1].upgrade.protocols[1]: h2c would carry requests past the routes, so it is never passed; remove it"
    ),
    .route(
        "{ upstream: users, upgrade: { protocols: [\"a/1\"] } }",
        "47: routes[1].upgrade.protocols[0]: \"a/1\": expected the name of a protocol, such as websocket"),
    .route(
        "{ upstream: users, upgrade: { idle: 5m, lifetime: 0s } }",
        "35: routes[1].upgrade: unknown key \"idle\"; known keys: protocols, idle_timeout, lifetime",
        "55: routes[1].upgrade.lifetime: \"0s\": expected a duration from 1s to 365d, such as 250ms, 30s or 5m"),
]

private let translations: [Mistake] = [
    .route(
        "{ upstream: users, grpc: { descriptors: absent.pb } }",
        "45: routes[1].grpc.descriptors: cannot read the file \"absent.pb\": No such file or directory; paths are relative to the configuration file"
    ),
    .route(
        "{ upstream: users, grpc: { method: a.B/C, stream: sse, unknown_query: ignore, web: true } }",
        "40: routes[1].grpc.method: method is for JSON, which needs the service's descriptors; add descriptors: FILE, or remove method",
        "55: routes[1].grpc.stream: stream is for JSON, which needs the service's descriptors; add descriptors: FILE, or remove stream",
        "75: routes[1].grpc.unknown_query: unknown_query is for JSON, which needs the service's descriptors; add descriptors: FILE, or remove unknown_query"
    ),
    .grpc("/helloworld.Greeter/SayHello", suggestion: "helloworld.Greeter/SayHello"),
    .grpc("helloworld.Greeter.SayHello", suggestion: "helloworld.Greeter/SayHello"),
    .grpc("SayHello"), .grpc("a.B/C.D"), .grpc("a..B/C"), .grpc("a.B/1C"), .grpc("a-b.B/C"), .grpc("a.B/C/D"),
]

private let handshakes: [Mistake] = [
    .line(
        "authenticators: { a: { jwt: { secret: 01234567890123456789012345678901, query: \"\" } } }",
        "80: authenticators.a.jwt.query: \"\": expected the name of a query parameter"),
    .line(
        "authenticators: { a: { jwt: { secret: 01234567890123456789012345678901, subprotocol: \"a, b\" } } }",
        "86: authenticators.a.jwt.subprotocol: \"a, b\": expected the name of a subprotocol"),
]

extension Mistake {
    /// A method that is not written as one.
    fileprivate static func grpc(_ method: String, suggestion: String? = nil) -> Mistake {
        let hint = suggestion.map { "; did you mean \"\($0)\"?" } ?? ""
        return .route(
            "{ upstream: users, grpc: { web: false, method: \"\(method)\" } }",
            "52: routes[1].grpc.method: \"\(method)\": expected a method such as helloworld.Greeter/SayHello\(hint)",
            "52: routes[1].grpc.method: method is for JSON, which needs the service's descriptors; add descriptors: FILE, or remove method"
        )
    }
}
