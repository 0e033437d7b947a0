let authenticatorKinds = "jwt, api_key, mtls, basic, signature, introspection, forward, anonymous"

/// Mistakes in what says who is let in.
let accessMistakes: [Mistake] = [
    .line(
        "authenticators: { a: { basic: { users: { bob: \"{SHA}5en6G6MezRroT3XKqkdPOmY\" } } } }",
        "47: authenticators.a.basic.users.bob: expected bcrypt, Argon2id, yescrypt or SHA-512 crypt, found SHA-1, which is guessed in no time; make it with: htpasswd -nB NAME"
    ),
    .line(
        "authenticators: { a: { basic: { users: { bob: secret } } } }",
        "47: authenticators.a.basic.users.bob: expected bcrypt, Argon2id, yescrypt or SHA-512 crypt, found another kind of hash, or a password in clear; make it with: htpasswd -nB NAME"
    ),
    .line(
        "authenticators: { a: { introspection: { url: \"https://idp\", client_id: a } } }",
        "39: authenticators.a.introspection: the key \"client_secret\" is missing; it holds the gateway's secret"),
    .line(
        "authenticators: { a: { forward: { url: \"http://a\", request_headers: [Host] } } }",
        "70: authenticators.a.forward.request_headers[0]: \"Host\" belongs to each connection, or is set by the gateway; remove it"
    ),
    .line(
        "authenticators: { a: { signature: { keys: [{ id: k, algorithm: ed25519, secret: 01234567890123456789012345678901 }] } } }",
        "44: authenticators.a.signature.keys[0]: ed25519 needs a public_key, and nothing else; add public_key"),
    .line(
        "authenticators: { a: { jwt: { secret: 01234567890123456789012345678901 }, anonymous: {} } }",
        "22: authenticators.a: an authenticator is of one kind; give jwt and anonymous a name each"),
    .line(
        "identity: { headers: { X-User: \"{claim.sub}\" } }",
        "32: identity.headers.X-User: \"{claim.sub}\": expected text with {consumer.id}, {consumer.plan}, {scopes}, {roles} or {claims.PATH} in it"
    ),
    .line(
        "identity: { headers: { Host: \"{consumer.id}\" } }",
        "24: identity.headers.Host: \"Host\" is the gateway's own field; choose another name"),
    .line(
        "security_headers: { frame_options: deny }",
        "36: security_headers.frame_options: \"deny\": expected one of DENY, SAMEORIGIN, off; did you mean \"DENY\"?"),
    .route(
        "{ content_types: [json], upstream: users }",
        "23: routes[1].content_types[0]: \"json\": expected a media type such as application/json or image/*"),
    .line(
        "authenticators: { a: { jwt: { jwks: file:absent } } }",
        "37: authenticators.a.jwt.jwks: cannot read the file \"absent\": No such file or directory; paths are relative to the configuration file"
    ),
    .line(
        "authenticators: { a: { jwt: { jwks: \"https://idp\", roles_claim: \"a b\" } } }",
        "65: authenticators.a.jwt.roles_claim: \"a b\": expected a claim such as sub or realm_access.roles"),
    .route(
        "{ addresses: {}, upstream: users }", "18: routes[1].addresses: expected addresses; add allow, deny, or both"),
    .route(
        "{ addresses: { allow: [10.0.0.0/33] }, upstream: users }",
        "28: routes[1].addresses.allow[0]: \"10.0.0.0/33\": expected an address or a block such as 10.0.0.0/8 (the prefix length after \"/\" is a number from 0 to 32, not \"33\")"
    ),
    .route(
        "{ auth: { any: b, methods: { post: { scopes: x } } }, upstream: users }",
        "20: routes[1].auth.any: there is no authenticator \"b\"; no authenticators are configured",
        "34: routes[1].auth.methods.post: \"post\": methods are written in capitals; did you mean \"POST\"?"),
    .route(
        "{ auth: { any: b, claims: { tenant: {} } }, upstream: users }",
        "20: routes[1].auth.any: there is no authenticator \"b\"; no authenticators are configured",
        "41: routes[1].auth.claims.tenant: expected a value, or a list of them, found a mapping"),
]
