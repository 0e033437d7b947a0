/// Mistakes in how requests and responses are shaped, with what is said about each.
let shapingMistakes: [Mistake] = [
    .shaping(
        "request: { path: \"/v2/{uid}\" }",
        "73: routes[1].request.path: \"/v2/{uid}\", character 5: {uid} is unknown here; did you mean {id}?"),
    .shaping("request: { pth: /x }", "67: routes[1].request: unknown key \"pth\"; did you mean \"path\"?"),
    .shaping("request: { path: v2 }", "73: routes[1].request.path: a path starts with \"/\"; write /v2"),
    .shaping(
        "request: { path: /v2?a=1 }",
        "73: routes[1].request.path: a path ends before \"?\"; parameters of the query are set under query: { set: { … } }"
    ),
    .shaping(
        "request: { path: \"/v2/**\" }",
        "73: routes[1].request.path: the route's path has no \"**\", so there is nothing for it to stand for here; end the route's path in /**, or write the path in full"
    ),
    .shaping(
        "request: { path: /a/../b }",
        "73: routes[1].request.path: \"..\" can't stand here; write the path without dot segments"),
    .shaping("request: { method: post }", "75: routes[1].request.method: methods are upper case: \"POST\""),
    .shaping(
        "request: { method: HEAD }",
        "75: routes[1].request.method: no request can be turned into HEAD, whose answer has no body"),
    .shaping(
        "request: { headers: { set: { X-A: \"{claim.sub}\" } } }",
        "90: routes[1].request.headers.set.X-A: \"{claim.sub}\", character 1: {claim.sub} is unknown here; did you mean {claims.sub}?"
    ),
    .shaping(
        "request: { headers: { set: { X-A: \"{claims.sub | lowr}\" } } }",
        "90: routes[1].request.headers.set.X-A: \"{claims.sub | lowr}\", character 14: unknown filter \"lowr\"; did you mean \"lower\"?"
    ),
    .shaping(
        "request: { headers: { set: { X-A: \"{id\" } } }",
        "90: routes[1].request.headers.set.X-A: \"{id\", character 1: the brace is not closed; write {name}, or {{ for the brace itself"
    ),
    .shaping(
        "request: { headers: { set: { X-A: \"a\\nb\" } } }",
        "90: routes[1].request.headers.set.X-A: a header's value is one line, without control characters"),
    .shaping(
        "request: { headers: { set: { Content-Length: 5 } } }",
        "85: routes[1].request.headers.set.Content-Length: Content-Length is about the connection or the body's length, which the gateway sees to"
    ),
    .shaping(
        "request: { headers: { remove: [Host] } }",
        "87: routes[1].request.headers.remove[0]: Host can't be removed: every message needs it, or the gateway sees to it"
    ),
    .shaping(
        "request: { headers: { remove: \"X-*-Y\" } }",
        "86: routes[1].request.headers.remove: \"X-*-Y\": \"*\" can only be the end of a name"),
    .shaping(
        "request: { headers: { set: { \"X A\": b } } }",
        "85: routes[1].request.headers.set.\"X A\": \"X A\": expected the name of a header field"),
    .shaping(
        "request: { json: { a: b } }",
        "73: routes[1].request.json: expected a list of steps such as { rename: { fullName: name } }, found a mapping"),
    .shaping(
        "request: { json: [{ renam: { a: b } }] }",
        "76: routes[1].request.json[0]: unknown key \"renam\"; did you mean \"rename\"?"),
    .shaping(
        "request: { json: [{}] }",
        "74: routes[1].request.json[0]: a step that does nothing; steps: set, default, remove, rename, move, copy, keep, map, unwrap, wrap, string, number, boolean, array"
    ),
    .shaping(
        "request: { json: [{ rename: { a: b.c } }] }",
        "89: routes[1].request.json[0].rename.a: \"b.c\" is a path, but a name is expected"),
    .shaping(
        "request: { json: [{ remove: [a..b] }] }",
        "85: routes[1].request.json[0].remove[0]: \"a..b\", character 3: a part of the path is empty; write names with one dot between them"
    ),
    .shaping(
        "request: { json: [{ move: { \"i[].a\": \"j[].a\" } }] }",
        "82: routes[1].request.json[0].move: \"i[].a\" and \"j[].a\" differ before their last wildcard; both begin the same way, as in { items[].a.b: items[].c }"
    ),
    .shaping(
        "request: { json: [{ move: { a: a.b } }] }",
        "82: routes[1].request.json[0].move: \"a.b\" lies within \"a\"; move it beside, and then rename"),
    .shaping(
        "request: { json: [{ set: { a: \"{nod}\" } }] }",
        "86: routes[1].request.json[0].set.a: \"{nod}\", character 1: {nod} is unknown here; did you mean {node}?"),
    .shaping(
        "request: { max_body: 1GiB }",
        "77: routes[1].request.max_body: \"1GiB\": expected a size from 1 to 64MiB, such as 64KiB or 10MiB"),
    .shaping(
        "request: { from: yaml }", "73: routes[1].request.from: \"yaml\": expected one of json, form, xml"),
    .shaping(
        "response: { statuses: 2xx }",
        "78: routes[1].response.statuses: statuses says for which the body is changed, but nothing is; add json, or remove it"
    ),
    .shaping(
        "response: { json: [{ remove: a }], statuses: [6xx] }",
        "102: routes[1].response.statuses[0]: \"6xx\": expected a status such as 200 or 2xx"),
    .shaping(
        "response: { cookies: { set: { a: { value: b, path: \"/;x\" } } } }",
        "107: routes[1].response.cookies.set.a.path: \"/;x\": an attribute of a cookie holds no blanks and no \";\""),
    .shaping(
        "compression: { encodings: [lzma] }",
        "83: routes[1].compression.encodings[0]: \"lzma\": expected one of br, zstd, gzip, deflate"),
    .shaping(
        "compression: { types: [text/event-stream] }",
        "79: routes[1].compression.types[0]: \"text/event-stream\": expected a media type; events are never compressed, since they would be held back"
    ),
    .shaping(
        "compression: yes",
        "69: routes[1].compression: expected off or on or a mapping such as { encodings: [br, zstd, gzip], minimum: 1KiB }, found a single value"
    ),
]

extension Mistake {
    /// A key of a route beside the smallest file's, with the parameter `id`; the key starts in column 56.
    fileprivate static func shaping(_ key: String, _ told: String...) -> Mistake {
        Mistake(
            text: smallest + "  - { upstream: users, match: { path: \"/users/{id}\" }, \(key) }\n",
            told: told.map { "gateway.yaml:5:" + $0 })
    }
}
