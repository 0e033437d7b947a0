/// Mistakes in traffic policy, with what is said about each.
let trafficMistakes: [Mistake] = splits + copies + answers

private let splits: [Mistake] = [
    .route(
        "{ split: [{ upstream: users }] }",
        "14: routes[1].split: a split has at least two arms; add one, or write upstream: NAME instead"),
    .route(
        "{ split: [{ upstream: users, weight: 0 }, { upstream: users, weight: 0, when: { header: { A: b } } }] }",
        "14: routes[1].split: no arm takes the requests that no condition is for; give one of them a weight of more than 0",
        "42: routes[1].split[0].weight: an arm of weight 0 without when gets no request; add when, or remove the arm"),
    .route(
        "{ split: [{ upstream: users }, { upstream: user }] }",
        "48: routes[1].split[1].upstream: there is no upstream \"user\"; did you mean \"users\"?"),
    .route(
        "{ split: { targets: [{ upstream: users }, { upstream: users }], sticky: user } }",
        "77: routes[1].split.sticky: \"user\": expected one of ip, consumer, header:NAME, cookie:NAME"),
    .route(
        "{ split: { target: [] } }",
        "14: routes[1].split: the key \"targets\" is missing; it holds a list such as [{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }]",
        "16: routes[1].split: unknown key \"target\"; did you mean \"targets\"?"),
    .route(
        "{ split: users }",
        "14: routes[1].split: expected a list such as [{ upstream: a, weight: 95 }, { upstream: b, weight: 5 }], or { targets: [...], sticky: consumer }, found a single value"
    ),
    .route(
        "{ split: [{ upstream: users, weight: 5% }, { upstream: users }] }",
        "42: routes[1].split[0].weight: \"5%\": expected a whole number from 0 to 1000000"),
    .route(
        "{ upstream: users, split: [{ upstream: users }, { upstream: users }] }",
        "31: routes[1].split: a route has one destination, and this one has upstream and split; remove all but one"),
    .route(
        "{ split: [{ upstream: users, when: {} }, { upstream: users }] }",
        "40: routes[1].split[0].when: every request would match; add header, cookie or query"),
    .route(
        "{ split: [{ upstream: users, when: { headers: { A: b } } }, { upstream: users }] }",
        "40: routes[1].split[0].when: every request would match; add header, cookie or query",
        "42: routes[1].split[0].when: unknown key \"headers\"; did you mean \"header\"?"),
]

private let copies: [Mistake] = [
    .route(
        "{ upstream: users, mirror: { upstream: shadow, sample: 1 } }",
        "44: routes[1].mirror.upstream: there is no upstream \"shadow\"; known: users",
        "60: routes[1].mirror.sample: \"1\": expected a percentage from 0% to 100%, such as 50%; did you mean \"1%\"?"),
    .route(
        "{ upstream: users, mirror: { sample: 1% } }",
        "32: routes[1].mirror: the key \"upstream\" is missing; it holds the name of an upstream"),
    .route(
        "{ upstream: users, mirror: { upstream: users, concurrency: 0, body: 1GiB } }",
        "64: routes[1].mirror.concurrency: \"0\": expected a whole number from 1 to 100000",
        "73: routes[1].mirror.body: \"1GiB\": expected a size from 0 to 64MiB, such as 64KiB or 10MiB"),
    .route(
        "{ upstream: users, fault: {} }",
        "31: routes[1].fault: a fault is a delay, an abort, or both; add delay: { time: 200ms }"),
    .route(
        "{ upstream: users, fault: { delay: { time: 200 }, abort: { status: 200 } } }",
        "48: routes[1].fault.delay.time: \"200\": expected a duration from 1ms to 10m, such as 250ms, 30s or 5m; did you mean \"200s\"?",
        "72: routes[1].fault.abort.status: \"200\": expected a whole number from 400 to 599"),
]

private let answers: [Mistake] = [
    .route(
        "{ match: { path: \"/a/{id}\" }, redirect: { to: \"/b/{no}\" } }",
        "45: routes[1].redirect: {no} is not part of the route's path; it has {id}, {path}"),
    .route(
        "{ match: { path: \"/a/{id}\" }, redirect: { to: \"/b/{header.x}\" } }",
        "45: routes[1].redirect: {header.x} is not part of the request's URL; known are {id}, {path}, {query.NAME} and {host}"
    ),
    .route(
        "{ match: { path: /a }, redirect: { to: /b, status: 304 } }",
        "56: routes[1].redirect.status: \"304\": expected one of 301, 302, 303, 307, 308"),
    .route(
        "{ match: { path: /a }, redirect: \"{path}\" }",
        "38: routes[1].redirect: expected a URL such as https://www.example.com/{rest}, or a path such as /new/{rest}"),
    .route(
        "{ respond: { body: a, file: b.txt } }",
        "33: routes[1].respond.file: cannot read the file \"b.txt\": No such file or directory; paths are relative to the configuration file",
        "33: routes[1].respond.file: a body is written here or in a file, not both; remove one of them"),
    .route(
        "{ respond: { status: 204, body: a } }",
        "37: routes[1].respond.body: an answer of status 204 has no body; remove it, or use status: 200"),
    .route(
        "{ respond: { headers: { Content-Length: 3, \"X A\": b } } }",
        "29: routes[1].respond.headers.Content-Length: \"Content-Length\" is written by the gateway itself; remove it",
        "48: routes[1].respond.headers.\"X A\": \"X A\": expected the name of a header field"),
    .route(
        "{ respond: {}, cache: { ttl: 1m }, mirror: { upstream: users } }",
        "27: routes[1].cache: cache is about requests that are forwarded, and this route answers them itself; remove it",
        "48: routes[1].mirror: mirror is about requests that are forwarded, and this route answers them itself; remove it"
    ),
    .route(
        "{ maintenance: yes }",
        "5: routes[1]: a route needs an upstream; add upstream: NAME",
        "20: routes[1].maintenance: \"yes\": expected true, false, or { retry_after: 10m, allow: [10.0.0.0/8] }; did you mean \"true\"?"
    ),
    .route(
        "{ maintenance: { allow: [10.0.0.0/8] } }",
        "5: routes[1]: a route needs an upstream; add upstream: NAME"),
    .route(
        "{ maintenance: { headers: { A: b } } }",
        "31: routes[1].maintenance.headers: headers are of a body, and there is none; add body or file"),
]
