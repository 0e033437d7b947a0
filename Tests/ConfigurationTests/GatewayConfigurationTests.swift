import Policies
import Testing

@testable import Configuration

@Suite("A valid configuration")
struct GatewayConfigurationTests {
    let full: GatewayConfiguration

    init() throws {
        full = try parse(fullFile, environment: fullEnvironment, files: fullFiles)
    }

    @Test("the smallest file gets sensible defaults")
    func defaults() throws {
        let configuration = try parse(smallest)
        #expect(configuration.listeners.map(\.bind.description) == ["0.0.0.0:8080"])
        #expect(configuration.admin.bind.description == "127.0.0.1:9901")
        #expect(configuration.admin.token == nil)
        #expect(configuration.state == StateSettings())
        #expect(configuration.limits == ConnectionLimits())
        #expect(configuration.drainMicroseconds == 30_000_000)
        #expect(configuration.upstreams["users"]?.targets == [TargetSettings(host: "127.0.0.1", port: 9001)])
        #expect(configuration.upstreams["users"]?.breaker == BreakerSettings())
        #expect(configuration.upstreams["users"]?.outlier == OutlierSettings())
        #expect(configuration.routes.map(\.rule.name) == ["users"])
        #expect(configuration.routes[0].authentication == nil)
        #expect(configuration.accessLog == AccessLogSettings())
        #expect(configuration.nodeID == nil)
    }

    @Test("listeners, admin, proxies, node, log and drain are read")
    func edges() {
        #expect(full.listeners.map(\.bind) == [.init(host: "0.0.0.0", port: 8080), .init(host: "::", port: 8081)])
        #expect(full.admin.token == Secret("letmein"))
        #expect(full.trustedProxies.map(\.description) == ["127.0.0.0/8", "::1/128"])
        #expect(full.nodeID == "node-1")
        #expect(full.accessLog.destination == .file("/var/log/sluice.json"))
        #expect(full.drainMicroseconds == 45_000_000)
        #expect(full.limits.headerBytes == 16_384)
        #expect(full.limits.bodyBytes == 10 << 20)
        #expect(full.limits.connections == 500)
        #expect(full.limits.headerTimeoutMicroseconds == 5_000_000)
        #expect(full.limits.idleTimeoutMicroseconds == 90_000_000)
    }

    @Test("the state's URL is taken apart")
    func state() {
        var redis = RedisEndpoint(
            host: "redis.internal", port: 6380, user: "app", password: Secret("p@ss"), database: 3)
        redis.isEncrypted = true
        #expect(full.state.redis == redis)
        let pem = Array((fullFiles["main.pem"] ?? "").utf8)
        #expect(full.state.tls.ca == pem && full.state.tls.certificate == pem && full.state.tls.key == Secret(pem))
        #expect(full.state.tls.serverName == "redis.internal" && full.state.tls.verification == .chain)
        #expect(full.state.namespace == "shop")
        #expect(full.state.timeoutMicroseconds == 75_000)
        #expect(full.state.onFailure == .deny)
    }

    @Test("an upstream is read with its targets and breaker")
    func upstreams() throws {
        let users = try #require(full.upstreams["users"])
        #expect(users.targets.map(\.authority) == ["127.0.0.1:9001", "[::1]"])
        #expect(users.targets.map(\.weight) == [3, 1])
        #expect(users.balance == .hash(.header("X-User")))
        #expect(users.connectTimeoutMicroseconds == 250_000)
        #expect(users.timeoutMicroseconds == 5_000_000)
        #expect(users.idleTimeoutMicroseconds == 10_000_000)
        #expect((users.maxConnections, users.maxPending) == (64, 0))
        #expect(users.keepaliveMicroseconds == 0)
        #expect(users.targets.map(\.zone) == ["a", nil] && full.nodeZone == "a")
        #expect(users.slowStartMicroseconds == 45_000_000 && users.deadlineHeader == "X-Request-Timeout")
        #expect(users.hedge?.after == .percentile(90) && users.hedge?.budget == 0.02)
        #expect(users.adaptive?.minimum == 6 && users.adaptive?.maximum == 600 && users.adaptive?.tolerance == 2)
        #expect(full.upstreams["orders"]?.targets.first?.resolution == .off)
        #expect(
            full.names.servers == [
                BindAddress(host: "10.0.0.53", port: 53), BindAddress(host: "127.0.0.1", port: 5353),
            ])
        #expect(full.names.minimumTTLMicroseconds == 2_000_000 && full.names.maximumTTLMicroseconds == 60_000_000)
        var breaker = BreakerSettings()
        breaker.failures = 3
        breaker.errorRate = 0.125
        breaker.minimum = 10
        breaker.windowMicroseconds = 20_000_000
        breaker.openMicroseconds = 60_000_000
        breaker.probes = 2
        breaker.slowCallMicroseconds = 2_000_000
        #expect(users.breaker == breaker)
        #expect(full.upstreams["orders"]?.breaker == nil)
        var outlier = OutlierSettings()
        outlier.failures = 2
        outlier.ejectMicroseconds = 60_000_000
        outlier.maxEjected = 0.25
        #expect(users.outlier == outlier)
        #expect(full.upstreams["orders"]?.outlier == .none)
        #expect(full.upstreams["orders"]?.balance == .leastRequests)
    }

    @Test("authenticators hold their key material, read from variables and files")
    func authenticators() throws {
        guard case .jwt(let main) = full.authenticators["main"],
            case .jwt(let rotating) = full.authenticators["rotating"]
        else {
            Issue.record("expected two jwt authenticators")
            return
        }
        #expect(main.algorithms == [.rs256, .hs256])
        #expect(main.keys.map(\.id) == [nil, nil])
        #expect(main.keys[0].material == .secret(Secret("0123456789abcdef0123456789abcdef")))
        let pem = Array("-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----".utf8)
        #expect(main.keys[1].material == .publicKey(pem: pem))
        #expect(main.audiences == ["api", "web"])
        #expect(main.issuer == "https://idp/")
        #expect(main.leewayMicroseconds == 10_000_000)
        #expect(
            main.claims
                == JWTClaimRules(
                    types: ["at+jwt", "jwt"], required: ["jti", "org.id"], scopes: "permissions",
                    roles: "realm_access.roles", consumer: "org.id", maximumAgeMicroseconds: 43_200_000_000))
        #expect(rotating.algorithms == [.hs256, .es256])
        #expect(rotating.keys.map(\.id) == ["a", "b"])
        guard case .basic(let people) = full.authenticators["people"],
            case .signature(let signed) = full.authenticators["signed"]
        else {
            Issue.record("expected basic and signature authenticators")
            return
        }
        #expect(people.users.map(\.name) == ["carol", "alice", "bob"] && people.realm == "staff")
        #expect(signed.keys.map(\.consumer) == ["acme", nil] && signed.needsNonce)
        #expect(signed.components == ["@method", "content-digest"])
        #expect(full.authenticators["guest"] == .anonymous(AnonymousSettings(consumer: "guest")))
        #expect(full.authenticators["keys"] == .apiKey(.header("X-Key")))
        #expect(full.authenticators["links"] == .apiKey(.query("key")))
        #expect(full.authenticators["pages"] == .apiKey(.cookie("session_key")))
    }

    @Test("a limit on failed attempts is read; by default there is one, which spares the host itself")
    func failures() throws {
        #expect(full.authentication.failures == AttemptLimit(count: 10, periodMicroseconds: 60_000_000))
        #expect(full.authentication.areFailuresWritten)
        let absent = try parse(smallest).authentication
        #expect(
            absent.failures == AttemptLimit(count: 60, periodMicroseconds: 60_000_000) && !absent.areFailuresWritten)
        #expect(try parse(smallest + "authentication: { failures: off }").authentication.failures == nil)
    }

    @Test("a plan of Redis reads as one of the configuration does")
    func planFields() throws {
        let fields = ["limits": "50/second, { rate: 1000/day, window: calendar }", "concurrency": "20", "cost": "2"]
        let written =
            "plans: { a: { limits: [50/second, { rate: 1000/day, window: calendar }], concurrency: 20, cost: 2 } }"
        let (stored, configured) = (try PlanSettings(fields: fields), try parse(smallest + written).plans["a"])
        #expect(stored == configured)
        #expect(try PlanSettings(fields: [:]).terms.isEmpty)
        #expect(try PlanSettings(fields: ["limits": "1/second", "owner": "x"]).terms.rates.count == 1)
        for (name, value) in [
            ("limits", "5/minutes"), ("limits", "5/second], concurrency: [1"), ("limits", "${HOME}"), ("limits", "["),
            ("concurrency", "many"), ("concurrency", "1\nlimits: [1/second]"), ("window", "sliding"),
            ("cost", "&a [*a]"), ("limits", ""),
        ] {
            #expect(throws: InvalidConfiguration.self, "\(name): \(value)") { try PlanSettings(fields: [name: value]) }
        }
    }

    @Test("consumers and plans are read")
    func consumers() {
        #expect(full.consumers.map(\.id) == ["acme"])
        #expect(full.consumers[0].plan == "gold")
        #expect(full.consumers[0].scopes == ["users.read"])
        #expect(full.consumers[0].keys[0].hash.hasPrefix("sha256:2c26b46b"))
        let limited = full.consumers[0].keys[1]
        #expect(limited.hash.hasPrefix("sha256:fcde2b2e") && limited.expires == 1_798_761_600)
        #expect(limited.scopes == ["users.write"] && limited.plan == "trial")
        #expect(limited.addresses.map(\.description) == ["10.0.0.0/8", "2001:db8::/32"])
        #expect(
            full.plans["gold"]?.terms
                == LimitTerms(
                    rates: [
                        RateWindow(count: 50, periodMicroseconds: 1_000_000),
                        RateWindow(count: 100_000, periodMicroseconds: 86_400_000_000),
                        calendar(100_000, .month, "UTC"),
                    ], concurrency: 20))
        #expect(
            full.plans["trial"]?.terms
                == LimitTerms(
                    rates: [
                        RateWindow(count: 5, periodMicroseconds: 1_000_000, capacity: 10),
                        calendar(1000, .day, "America/New_York"),
                    ], cost: .fixed(2)))
    }

    private func calendar(_ count: Int, _ unit: RateWindow.CalendarUnit, _ zone: String) -> RateWindow {
        let days = [RateWindow.CalendarUnit.day: 1, .week: 7, .month: 31]
        let period = days[unit].map { $0 * 86_400_000_000 } ?? 60_000_000
        return RateWindow(count: count, periodMicroseconds: period, kind: .calendar(unit, zone: zone))
    }

    @Test("routes are read with match, auth and limits")
    func routes() throws {
        #expect(full.routes.prefix(3).map(\.rule.name) == ["users", "route-2", "route-3"])
        let users = full.routes[0]
        #expect(users.rule.hosts == ["api.example.com", "*.example.org"])
        #expect(users.rule.methods == ["GET", "PUT"])
        #expect(users.rule.headers.map(\.expectation) == [.literal("yes")])
        #expect(users.rule.query.map(\.expectation) == [.pattern("^[0-9]+$")])
        #expect(users.contentTypes == ["application/json", "image/*"])
        #expect(
            users.identity?.stripsCredential == true && users.identity?.headers.map(\.name) == ["X-User", "X-Plan"])
        #expect(users.securityHeaders??.transport == "max-age=3600; preload")
        #expect(full.securityHeaders == SecurityHeaders() && full.identity.headers.count == 1)
        let access = AccessSettings(
            scopes: ["users.read"], roles: ["admin", "editor"],
            claims: ["tenant": ["a", "b"], "email_verified": ["true"]], consumers: ["acme"])
        let writing = AccessSettings(
            scopes: ["users.write"], roles: ["admin"], claims: ["level": ["2"]], consumers: ["acme"])
        #expect(
            users.authentication
                == RouteAuthentication(
                    authenticators: ["main", "keys"], access: access, methods: ["PUT": writing]))
        #expect(users.addresses?.admit(IPAddress("10.1.2.3")) == true)
        #expect(users.addresses?.admit(IPAddress("10.0.0.7")) == false)
        #expect(
            users.limits.map(\.per) == [
                .consumer, .route, .header("X-Tenant"), .claim("tenant"), .consumer, .route, .ip,
            ])
        let burst = RateWindow(count: 20, periodMicroseconds: 1_000_000, capacity: 40)
        #expect(users.limits[2].terms == LimitTerms(rates: [burst]))
        #expect(full.routes[1].authentication == RouteAuthentication(authenticators: ["keys"]))
        #expect(full.routes[1].limits.map(\.per) == [.ip])
        #expect(full.routes[2].rule.path.text == "/**")
        #expect(full.routes[2].authentication == nil)
    }

    @Test("what is cached, and where it is not said, the defaults")
    func cache() throws {
        #expect(full.cache == with(NodeCacheSettings()) { ($0.memoryBytes, $0.lagMicroseconds) = (256 << 20, 250_000) })
        let users = with(RouteCacheSettings()) {
            $0.ttlMicroseconds = 300_000_000
            $0.staleWhileRevalidateMicroseconds = 30_000_000
            $0.staleIfErrorMicroseconds = 3_600_000_000
            $0.vary = ["accept-language"]
            $0.query = .ignore(["utm_*", "gclid"])
            $0.sortsQuery = true
            $0.keyHeaders = ["x-tenant"]
            $0.keyClaims = ["tenant"]
            $0.methods = ["GET"]
            $0.statuses = [200, 404]
            $0.maximumObjectBytes = 4 << 20
            $0.tags = ["user-{id}", "users"]
            $0.bypassCookies = ["session"]
        }
        var read = try #require(full.routes[0].cache)
        #expect(read.bypassHeaders.map(\.name) == ["X-Preview"] && read.bypassQuery.map(\.name) == ["preview"])
        (read.bypassHeaders, read.bypassQuery) = ([], [])
        #expect(read == users)
        let orders = with(RouteCacheSettings()) { ($0.forceTTLMicroseconds, $0.query) = (10_000_000, .none) }
        #expect(full.routes[1].cache == orders)
        #expect(full.routes[2].cache == nil)
        let short = try parse(smallest + "  - { upstream: users, match: { path: /b }, cache: {} }\n")
        #expect(short.routes[1].cache == RouteCacheSettings())
        #expect(short.routes[0].cache == nil)
        #expect(short.cache == NodeCacheSettings())
    }

    private func with<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
        var value = value
        change(&value)
        return value
    }

    @Test("limits say how tokens come back, what requests cost, and how many may be under way")
    func limitTerms() {
        let terms = full.routes[0].limits.map(\.terms)
        let shadow = [calendar(100, .minute, "Europe/Berlin"), calendar(2000, .week, "Europe/Berlin")]
        #expect(terms[4] == LimitTerms(rates: shadow, isShadow: true))
        let sliding = RateWindow(count: 3000, periodMicroseconds: 10_000_000, kind: .sliding)
        #expect(terms[5] == LimitTerms(rates: [sliding], cost: .header(name: "X-Cost", absent: 2, maximum: 50)))
        #expect(terms[6] == LimitTerms(concurrency: 8))
    }

    private func terms(_ limit: String) throws -> LimitTerms {
        let text = """
            upstreams: { a: { targets: ["http://a"] } }
            routes: [{ upstream: a, limit: \(limit) }]
            """
        return try #require(try parse(text).routes[0].limits.first).terms
    }

    @Test("kinds of windows can be mixed, and what a rate says of itself wins")
    func mixedWindows() throws {
        let mixed = try terms(
            "{ per: ip, window: sliding, zone: Europe/Berlin, burst: 9, rates: [10/second, "
                + "{ rate: 5/second, window: bucket }, { rate: 10000/day, window: calendar }, "
                + "{ rate: 7/month, window: calendar, zone: UTC }, { rate: 100/minute, window: bucket, burst: 200 }] }")
        #expect(
            mixed.rates == [
                RateWindow(count: 10, periodMicroseconds: 1_000_000, kind: .sliding),
                RateWindow(count: 5, periodMicroseconds: 1_000_000, capacity: 9),
                calendar(10_000, .day, "Europe/Berlin"), calendar(7, .month, "UTC"),
                RateWindow(count: 100, periodMicroseconds: 60_000_000, capacity: 200),
            ])
    }

    @Test("a day is a bucket's unless it is said to be the calendar's; a week and a month are always the calendar's")
    func units() throws {
        let kinds = try terms("{ per: ip, rates: [1/day, 1/week, 1/month, 1/7d] }").rates.map(\.kind)
        #expect(kinds == [.bucket, .calendar(.week, zone: "UTC"), .calendar(.month, zone: "UTC"), .bucket])
    }

    @Test("a header's cost is at most 100, and never more than the rates can hold")
    func cost() throws {
        func cost(_ text: String) throws -> LimitCost { try terms("{ per: ip, rates: \(text) }").cost }
        #expect(try cost("[1000/second], cost: 7") == .fixed(7))
        let header = LimitCost.header(name: "X-Cost", absent: 1, maximum: 100)
        #expect(try cost("[1000/second, 200/minute], cost: { header: X-Cost }") == header)
        let small = LimitCost.header(name: "X-Cost", absent: 1, maximum: 20)
        #expect(try cost("[1000/second, 20/minute], cost: { header: X-Cost }") == small)
        let large = LimitCost.header(name: "X-Cost", absent: 300, maximum: 300)
        #expect(try cost("[1000/second], cost: { header: X-Cost, default: 300 }") == large)
    }

    @Test(
        "zones are known by their IANA names",
        arguments: ["UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Salta"])
    func zones(name: String) throws {
        let kind = try terms("{ per: ip, rates: [1/month], zone: \(name) }").rates.first?.kind
        #expect(kind == .calendar(.month, zone: name))
    }

    @Test("an empty admin token on loopback is no token")
    func emptyToken() throws {
        let text = smallest + "admin: { token: \"${SLUICE_ADMIN_TOKEN:-}\" }\n"
        #expect(try parse(text).admin.token == nil)
        #expect(try parse(text, environment: ["SLUICE_ADMIN_TOKEN": "x"]).admin.token == Secret("x"))
    }

    @Test("a secret never shows itself")
    func secretsAreMute() {
        var dumped = ""
        dump(full, to: &dumped)
        for text in ["\(full)", String(reflecting: full), dumped] {
            for secret in ["letmein", "p@ss", "0123456789abcdef", "aaaaaaaaaa"] { #expect(!text.contains(secret)) }
        }
    }

    @Test("anchors, aliases and merge keys work, and what a mapping says itself wins")
    func aliases() throws {
        let configuration = try parse(
            """
            upstreams:
              a: &base { targets: ["http://a:1"], timeout: 3s, keepalive: 5s }
              b: { <<: *base, timeout: 9s }
              c: { <<: [{ timeout: 1s }, *base] }
            routes: [{ upstream: a }]
            """)
        #expect(configuration.upstreams["b"]?.timeoutMicroseconds == 9_000_000)
        #expect(configuration.upstreams["b"]?.keepaliveMicroseconds == 5_000_000)
        #expect(configuration.upstreams["b"]?.targets.map(\.host) == ["a"])
        #expect(configuration.upstreams["c"]?.timeoutMicroseconds == 1_000_000)
    }

    @Test("JSON is a configuration too")
    func json() throws {
        let text = #"{"upstreams":{"a":{"targets":["http://a"]}},"routes":[{"upstream":"a"}]}"#
        #expect(try parse(text).upstreams["a"]?.targets.map(\.port) == [80])
    }
}
