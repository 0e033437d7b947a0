/// A valid file that uses every key; the schema, mutation and value tests start from it.
let fullFile = """
    listeners:
      - bind: 0.0.0.0:8080
      - bind: "[::]:8081"
        proxy_protocol: true
        tls:
          certificates:
            - { chain: main.pem, key: main.pem }
            - { chain: main.pem, key: main.pem, hosts: [API.example.com, "*.example.org"] }
          client_ca: main.pem
          client_auth: optional
          minimum_version: "1.3"
          alpn: [http/1.1]
          handshake_timeout: 3s
    admin: { bind: 0.0.0.0:9901, token: "${ADMIN_TOKEN}" }
    trusted_proxies: [127.0.0.0/8, "::1"]
    state:
      redis: rediss://app:p%40ss@redis.internal:6380/3
      tls: { ca: main.pem, certificate: main.pem, key: main.pem, server_name: redis.internal, verify: chain }
      namespace: shop
      timeout: 75ms
      on_failure: deny
    limits:
      header_bytes: 16KiB
      body: 10MiB
      connections: 500
      connections_per_address: 50
      streams: 128
      memory: 256MiB
      header_timeout: 5s
      idle_timeout: 1m30s
    drain: 45s
    timing: on
    cache: { memory: 256MiB, lag: 250ms }
    compression: on
    node: { id: node-1, zone: a }
    dns: { servers: [10.0.0.53, "127.0.0.1:5353"], timeout: 500ms, minimum_ttl: 2s, maximum_ttl: 1m }
    identity: { headers: { X-Consumer: "{consumer.id}" }, credential: keep }
    security_headers: true
    access_log:
      path: /var/log/sluice.json
      format: json
      sample: 10%
      fields: [request_id, path, query, status]
      headers: [X-Tenant, Referer]
      redact: { headers: X-Session, query: [email, token] }
    telemetry:
      metrics: on
      traces:
        endpoint: http://127.0.0.1:4318
        sample: 1%
        errors: true
        slow: 2s
        headers: { Authorization: "Bearer abc" }
        service: shop
      decisions: { sample: 5%, refused: 100%, keep: 50000, ttl: 12h }

    upstreams:
      users:
        targets: [{ url: http://127.0.0.1:9001, weight: 3, zone: a }, "http://[::1]"]
        slow_start: 45s
        hedge: { after: p90, budget: 2% }
        adaptive: { minimum: 6, maximum: 600, tolerance: 200% }
        deadline: X-Request-Timeout
        balance: { hash: { header: X-User } }
        connect_timeout: 250ms
        timeout: 5s
        idle_timeout: 10s
        total_timeout: 2m
        max_connections: 64
        max_pending: 0
        max_streams: 50
        keepalive: 0s
        breaker: { failures: 3, error_rate: 12.5%, minimum: 10, window: 20s, open: 1m, probes: 2, slow_call: 2s }
        outlier: { failures: 2, eject: 1m, max_ejected: 25% }
      orders:
        targets: [{ url: https://orders.internal:8000/, resolve: off }]
        protocol: auto
        balance: least_requests
        breaker: off
        outlier: off
      greeter:
        targets: [grpcs://10.0.0.3:50051]
        protocol: http2
        tls: { ca: main.pem, certificate: main.pem, key: main.pem, server_name: greeter.internal, verify: chain }

    authenticators:
      main:
        jwt:
          algorithms: [RS256, HS256]
          public_key: file:main.pem
          secret: "${JWT_SECRET}"
          issuer: https://idp/
          audience: [api, web]
          leeway: 10s
          query: access_token
          subprotocol: bearer
          typ: [at+jwt, JWT]
          required_claims: [jti, org.id]
          scopes_claim: permissions
          roles_claim: realm_access.roles
          consumer_claim: org.id
          max_age: 12h
      filed: { jwt: { jwks: file:main.pem } }
      rotating:
        jwt:
          keys:
            - { kid: a, algorithm: HS256, secret: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }
            - { kid: b, algorithm: ES256, public_key: file:main.pem }
      people:
        basic: { file: users.htpasswd, users: { carol: "$6$salt$hash" }, realm: staff, remember: 1m }
      signed:
        signature:
          keys:
            - { id: k1, algorithm: hmac-sha256, secret: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, consumer: acme }
            - { id: k2, algorithm: ed25519, public_key: file:main.pem }
          components: ["@method", Content-Digest]
          max_age: 1m
          leeway: 5s
          nonce: required
      opaque:
        introspection:
          url: https://idp/introspect
          client_id: gateway
          client_secret: secret
          cache: 10s
          timeout: 500ms
          audience: api
          scopes_claim: scp
          roles_claim: groups
          consumer_claim: username
      guard:
        forward:
          url: http://auth.internal/check
          request_headers: [Authorization, X-Device]
          response_headers: X-User
          consumer: X-User
          timeout: 250ms
      guest: { anonymous: { consumer: guest } }
      keys: { api_key: { header: X-Key } }
      links: { api_key: { query: key } }
      pages: { api_key: { cookie: session_key } }
    authentication: { failures: 10/minute }
    consumers:
      - id: acme
        plan: gold
        keys:
          - "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
          - sha256: fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9
            expires: 2027-01-01
            scopes: [users.write]
            plan: trial
            addresses: [10.0.0.0/8, "2001:db8::/32"]
        scopes: [users.read]
    plans:
      gold: { limits: [50/second, 100000/day, 100000/month], concurrency: 20 }
      trial:
        limits: [{ rate: 5/second, burst: 10 }, { rate: 1000/day, window: calendar, zone: America/New_York }]
        cost: 2
        shadow: false

    routes:
      - name: users
        match:
          hosts: [api.example.com, "*.example.org"]
          path: /api/users/{id}
          methods: [GET, PUT]
          headers: { X-Beta: "yes" }
          query: { v: "~^[0-9]+$" }
        addresses: { allow: [10.0.0.0/8, "fd00::/8"], deny: 10.0.0.7 }
        auth:
          any: [main, keys]
          scopes: [users.read]
          roles: [admin, editor]
          claims: { tenant: [a, b], email_verified: true }
          consumers: [acme]
          methods: { PUT: { scopes: users.write, roles: admin, claims: { level: 2 }, consumers: acme } }
        limit:
          - { per: consumer, rates: [100/minute, 5/10s] }
          - { per: route, rates: [5000/second] }
          - { per: "header:X-Tenant", rates: [20/second], burst: 40 }
          - { per: { claim: tenant }, rates: [10/hour] }
          - { per: consumer, rates: [100/minute, 2000/week], window: calendar, zone: Europe/Berlin, shadow: true }
          - { per: route, rates: [3000/10s], window: sliding, cost: { header: X-Cost, default: 2, max: 50 } }
          - { per: ip, concurrency: 8 }
        cache:
          ttl: 5m
          stale_while_revalidate: 30s
          stale_if_error: 1h
          vary: [Accept-Language]
          key: { query: { ignore: [utm_*, gclid] }, sort: true, headers: X-Tenant, claims: [tenant] }
          methods: GET
          statuses: [200, 404]
          max_object: 4MiB
          tags: ["user-{id}", users]
          bypass: { headers: { X-Preview: "~." }, query: { preview: 1 }, cookies: [session] }
        body: 100MiB
        timing: { response_time: true, server_timing: false }
        content_types: [application/json, Image/*]
        identity: { headers: { X-User: "{claims.sub}", X-Plan: "plan {consumer.plan}" }, credential: strip }
        security_headers:
          hsts: { max_age: 1h, subdomains: false, preload: true }
          nosniff: false
          frame_options: SAMEORIGIN
          referrer_policy: no-referrer
          csp: default-src 'self'
          permissions_policy: camera=()
        upgrade: { protocols: [websocket, Chat], idle_timeout: 1m, lifetime: 2h }
        grpc:
          descriptors: greeter.pb
          method: helloworld.Greeter/SayHello
          unknown_query: ignore
          stream: sse
          web: false
        request:
          method: POST
          path: "/v2/people/{id}"
          headers:
            set: { X-Tenant: "{claims.tenant | default(none) | lower}", X-Id: "{request_id}" }
            add: { X-Seen: "{client.ip}" }
            rename: { X-Old: X-New }
            remove: [Cookie, X-Internal-*]
          query: { set: { v: "2" }, add: { who: "{consumer.id}" }, rename: { q: search }, remove: [utm_*] }
          cookies: { set: { lang: "{query.lang | default(en)}" }, rename: { a: b }, remove: [tracking] }
          json:
            - rename: { fullName: name }
            - { set: { id: "{id}", meta: { n: 1.50, tags: [a, "{header.X-Tag}"] } }, default: { kind: user } }
            - { copy: { a.b: c }, move: { "items[].price.value": "items[].amount" } }
            - { map: { items: [{ keep: [id, amount] }] } }
            - { string: id, number: [age], boolean: [active], array: tags }
            - wrap: data
          from: form
          to: json
          max_body: 1MiB
          invalid: pass
        response:
          headers: { set: { X-Served-By: "{node}" }, remove: [Server] }
          cookies: { remove: [session], set: { region: eu, lang: { value: "{query.lang}", path: /, domain: example.com, max_age: 1h, secure: true, http_only: true, same_site: lax } } }
          json: [{ unwrap: data }, { keep: [id, name] }, { remove: [internal] }]
          from: xml
          to: json
          max_body: 8MiB
          invalid: refuse
          statuses: [2xx, 404]
        compression: { encodings: [zstd, gzip], minimum: 2KiB, types: [application/json, text/*, "*+json"] }
        upstream: greeter
      - match: { hosts: api.example.com, path: /orders/** }
        auth: keys
        limit: { per: ip, rates: [1/second] }
        cache: { force_ttl: 10s, key: { query: none } }
        upgrade: any
        upstream: orders
      - upstream: orders
        auth: none
        cache: off
        upgrade: off
        compression: off
      - match: { path: /split }
        split:
          targets:
            - { upstream: orders, weight: 95 }
            - { upstream: users, weight: 5, when: { header: { X-Canary: "yes" }, cookie: { canary: "~." }, query: { canary: 1 } } }
          sticky: { cookie: session }
        mirror: { upstream: orders, sample: 1%, concurrency: 10, body: 16KiB, timeout: 5s }
        fault: { delay: { time: 200ms, share: 10% }, abort: { status: 503, share: 0.5% }, when: { header: { X-Chaos: 1 } } }
        maintenance: { retry_after: 10m, detail: "Back soon.", body: "<p>Back soon", headers: { Content-Type: text/html }, allow: [10.0.0.0/8] }
      - { match: { path: /old/** }, redirect: { to: "https://new.example.com/{rest}", status: 308 } }
      - { match: { path: /older/** }, redirect: "/old/{rest | lower}?from={host | urlencode}" }
      - { match: { path: /robots.txt }, respond: { status: 200, headers: { Cache-Control: max-age=60 }, body: "User-agent: *" } }
      - { match: { path: /key }, respond: { file: main.pem } }
      - { match: { path: /closed }, maintenance: true }
      - name: shop
        match: { path: /shop/** }
        upstream: orders
        versions:
          from:
            - { path: "/v{version}" }
            - { accept: "application/vnd.shop+json;version={version}" }
            - { header: X-API-Version }
            - { query: version }
          tell: API-Version
          default: "2"
          "1":
            upstream: users
            request: { headers: { set: { X-Version: "1" } }, json: [{ rename: { cost: price } }] }
            response: { json: [{ rename: { price: cost } }] }
            deprecated: 2026-06-30
            sunset: 2027-01-31T12:00:00Z
            link: { deprecation: /docs/v1, sunset: /docs/end, successor: https://api.example.com/v2 }
            after_sunset: gone
          "2": {}
      - name: order-details
        match: { path: "/order-details/{id}" }
        aggregate:
          steps:
            order:
              upstream: orders
              path: "/orders/{id}?view=full"
              method: GET
              query: { page: "{query.page}" }
              headers: { set: { X-Tenant: "{header.X-Tenant | default(none)}" }, remove: [Cookie] }
              cache: { ttl: 5s }
              max_size: 64KiB
            customer: { upstream: users, path: "/users/{order.user_id}", timeout: 300ms, optional: true }
            products:
              upstream: orders
              path: "/products/{item.product_id}"
              each: order.items
              parallel: 4
              max_items: 50
            audit: { upstream: orders, path: /audit, body: { id: "{order.id}", seen: true }, optional: true }
          body: { order: "{order}", customer: { name: "{customer.name}" }, products: "{products}", version: 2 }
          status: 200
          headers: { X-Order: "{order.id}" }
          timeout: 2s
          max_size: 1MiB
          partial: incomplete
          server_timing: true
    gateways:
      - name: mobile
        hosts: [m.example.com, "*.m.example.com"]
        routes: [users, shop]
        limit: [{ per: ip, rates: [100/minute] }]
        auth: keys
        cors: { origins: ["https://m.example.com"] }
        request: { headers: { set: { X-Surface: mobile } } }
        response: { json: [{ keep: [id, name] }], statuses: [2xx] }
      - { name: partners, listeners: ["[::]:8081"], routes: [users] }

    """

let fullEnvironment = ["ADMIN_TOKEN": "letmein", "JWT_SECRET": "0123456789abcdef0123456789abcdef"]
let fullFiles = [
    "main.pem": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n",
    "users.htpasswd": "# staff\nalice:$2y$05$abc\nbob:$y$j9T$abc\n",
    "greeter.pb": "\u{0A}\u{02}\u{0A}\u{00}",
]
