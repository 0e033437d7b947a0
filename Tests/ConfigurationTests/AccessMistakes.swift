/// Mistakes in what says who is let in.
let accessMistakes: [Mistake] = [
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
