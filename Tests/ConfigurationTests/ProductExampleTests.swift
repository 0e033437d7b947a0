import Testing

@testable import Configuration

@Suite("The example of the product's description")
struct ProductExampleTests {
    @Test("nothing is wrong with it, and nothing in it is for a later version")
    func isValid() {
        let pem = "-----BEGIN CERTIFICATE-----"
        let found = problems(
            productExample, environment: ["JWT_SECRET": String(repeating: "s", count: 32)],
            files: ["greeter.pb": "\u{0A}\u{00}", "cert.pem": pem, "key.pem": pem, "ca.pem": pem])
        #expect(found.map(\.description) == [])
    }
}

/// Complete but for the elided parts, which are filled in; upstreams that it only names are added.
private let productExample = """
    listeners:
      - bind: 0.0.0.0:8080                 # HTTP/1.1 and h2c
      - bind: 0.0.0.0:8443
        tls: { certificates: [{ chain: cert.pem, key: key.pem }], client_ca: ca.pem, client_auth: optional }
        proxy_protocol: false
    admin: { bind: 127.0.0.1:9901, token: "${SLUICE_ADMIN_TOKEN:-}" }   # health, metrics, API, dashboard
    trusted_proxies: [127.0.0.0/8]         # whose X-Forwarded-* and PROXY headers are believed
    state:
      redis: redis://127.0.0.1:6379/0      # rediss://, redis+sentinel://h1,h2/mymaster, redis+cluster://h1,h2
      namespace: sluice
      timeout: 50ms
      on_failure: local                    # local | allow | deny
    limits: { header_bytes: 32KiB, body: 16MiB, connections: 20000, memory: 512MiB, header_timeout: 10s, idle_timeout: 60s }

    upstreams:
      users:
        targets: [{ url: http://127.0.0.1:9001, weight: 1 }]   # http, https, h2c, grpc, grpcs
        balance: least_requests            # round_robin | least_requests | random_two | hash: {header|cookie|consumer|ip}
        connect_timeout: 1s
        timeout: 5s                        # until the response head; idle and total separately
        retries: { attempts: 2, on: [connect, timeout, 502, 503, 504], budget: 20% }   # idempotent methods unless said
        breaker: { failures: 5, error_rate: 50%, minimum: 20, window: 10s, open: 30s, probes: 1, slow_call: 2s }
        health: { path: /healthz, interval: 5s, unhealthy_after: 3, healthy_after: 2 }
      greeter: { targets: [{ url: grpc://127.0.0.1:9002 }] }
      products: { targets: ["http://127.0.0.1:9003"] }
      products-canary: { targets: ["http://127.0.0.1:9004"] }
      products-shadow: { targets: ["http://127.0.0.1:9005"] }
      orders: { targets: ["http://127.0.0.1:9006"] }

    authenticators:
      main: { jwt: { algorithms: [RS256, ES256, EdDSA], jwks: https://idp/jwks.json, issuer: https://idp/, audience: api, leeway: 30s } }
      dev:  { jwt: { algorithms: [HS256], secret: "${JWT_SECRET}" } }
      keys: { api_key: { header: X-API-Key } }
    consumers:                             # or kept in Redis with `sluice consumer` and `sluice key`
      - { id: acme, plan: gold, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }
    plans:
      gold: { limits: [50/second, 100000/day], concurrency: 20 }

    cors: &web { origins: ["https://app.example.com"], methods: [GET, POST], headers: [Authorization], credentials: true, max_age: 10m }

    routes:
      - name: users
        match: { hosts: [api.example.com], path: "/api/users/{id}", methods: [GET, PUT], headers: { X-Beta: "yes" }, query: { v: "~^[0-9]+$" } }
        auth: { any: [main, keys], scopes: [users.read] }      # or none
        limit: [{ per: consumer, rates: [100/minute] }, { per: route, rates: [5000/second] }, { per: ip, rates: [20/second], burst: 40 }]
        cache: { ttl: 5m, vary: [Accept-Language], stale_while_revalidate: 30s, stale_if_error: 1h, max_object: 1MiB, tags: ["user-{id}"] }
        request:  { path: "/v2/people/{id}", headers: { set: { X-Tenant: "{claims.tenant}" }, remove: [Cookie] }, json: [{ rename: { fullName: name } }] }
        response: { headers: { set: { X-Served-By: "{node}" } }, json: [{ remove: [internal] }, { move: { address.zip: postcode } }] }
        upstream: users
        cors: *web
      - name: order-details                # aggregation: parallel where it can be, sequential where it must
        match: { path: "/api/order-details/{id}", methods: [GET] }
        aggregate:
          steps:
            order:    { upstream: orders,   path: "/orders/{id}" }
            customer: { upstream: users,    path: "/users/{order.user_id}", timeout: 300ms, optional: true }
            products: { upstream: products, path: "/products/{item.product_id}", each: order.items, parallel: 8 }
          body: { order: "{order}", customer: { name: "{customer.name}", email: "{customer.email}" }, products: "{products}" }
      - name: products
        match: { path: "/api/products/**" }
        versions:                          # API versioning: by URL, header or query parameter
          from: [{ path: "/v{version}" }, { accept: "application/vnd.api+json;version={version}" }, { query: version }]
          default: "2"
          "1": { deprecated: 2026-06-30, sunset: 2027-01-31, response: { json: [{ rename: { price: cost } }] } }
          "2": {}
        split: [{ upstream: products, weight: 95 }, { upstream: products-canary, weight: 5 }]
        mirror: { upstream: products-shadow, sample: 1% }
      - name: greeter                      # protocol translation: JSON over HTTP to gRPC
        match: { path: "/v1/greet/{name}", methods: [GET, POST] }
        upstream: greeter
        grpc: { descriptors: greeter.pb, method: helloworld.Greeter/SayHello }
    gateways:                              # backend for frontend: one surface per kind of client, each with its own routes
      - { name: mobile, hosts: [m.example.com], routes: [users, order-details], response: { json: [{ keep: [id, name] }] } }
      - { name: web, hosts: [app.example.com], routes: [users, products] }
    """
