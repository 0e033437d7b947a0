import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Bodies that are changed on their way")
    struct BodyShapingTests {
        private let origin: TestOrigin
        private let node: Node

        /// Answers `/echo` with the request's body, other paths with what the tests ask for.
        init() async throws {
            origin = try TestOrigin { request in
                let target = request.message.startLine.split(separator: " ").dropFirst().first ?? ""
                func json(_ body: String, _ fields: String = "", type: String = "application/json") -> [TestOrigin.Step]
                {
                    let length = "Content-Length: \(body.utf8.count)\r\n"
                    return [.text("HTTP/1.1 200 OK\r\nContent-Type: \(type)\r\n\(fields)\(length)\r\n\(body)")]
                }
                switch target {
                case "/etag": return json("{\"a\":1}", "ETag: \"x\"\r\nContent-MD5: abc\r\nAccept-Ranges: bytes\r\n")
                case "/bad": return json("{\"a\":")
                case "/text": return json("a=1", type: "text/plain")
                case "/error":
                    return [
                        .text(
                            "HTTP/1.1 422 Not Good\r\nContent-Type: application/problem+json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
                        )
                    ]
                case "/chunks":
                    return [
                        .text(
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n"
                        )
                    ]
                case "/trailers":
                    return [
                        .text(
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\nX-Sum: 1\r\nDigest: sha-256=x\r\n\r\n"
                        )
                    ]
                case "/cut":
                    return [
                        .text("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"a\""),
                        .close,
                    ]
                case "/long": return json("\"\(String(repeating: "x", count: 5000))\"")
                case "/gzip":
                    let body: [UInt8] = [
                        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xAB, 0x56, 0x4A, 0x54, 0xB2, 0x32,
                        0xAC, 0x05, 0x00, 0xAF, 0xAC, 0x1B, 0x56, 0x07, 0x00, 0x00, 0x00,
                    ]
                    return [
                        .text(
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n"
                        ),
                        .send(body),
                    ]
                case "/coded": return json("{}", "Content-Encoding: x-secret\r\n")
                case "/xml": return json("<u id=\"7\"><fullName>Ada</fullName></u>", type: "text/xml")
                default:
                    let type = request.message["Content-Type"] ?? "application/json"
                    return json(String(decoding: request.message.body, as: UTF8.self), type: type)
                }
            }
            node = try await Node(
                """
                access_log: { path: off }
                upstreams: { app: { targets: ["\(origin.url)"] } }
                routes:
                  - match: { path: "/users/{id}" }
                    request:
                      path: /echo
                      max_body: 1KiB
                      json: [{ rename: { fullName: name } }, { remove: [internal] }, { set: { id: "{id}", by: "{header.X-By}", n: 1.50 } }]
                    response: { json: [{ move: { address.zip: postcode } }, { keep: [id, name, postcode, by, "items[].price"] }] }
                    upstream: app
                  - match: { path: "/up/{what}" }
                    request: { path: "/{what}" }
                    response: { json: [{ rename: { a: b } }], max_body: 4KiB }
                    upstream: app
                  - match: { path: "/lax/{what}" }
                    request: { path: "/{what}", json: [{ rename: { a: b } }], invalid: pass }
                    response: { json: [{ rename: { a: b } }], invalid: pass, statuses: 2xx }
                    upstream: app
                  - match: { path: "/cached/{what}" }
                    cache: { force_ttl: 60s }
                    request: { path: "/{what}" }
                    response: { json: [{ rename: { a: b } }] }
                    upstream: app
                  - { match: { path: /form }, request: { from: form, path: /echo, json: [{ number: age }] }, upstream: app }
                  - { match: { path: /xml }, request: { from: xml, to: json, path: /echo }, upstream: app }
                  - { match: { path: /as-xml }, request: { to: xml, path: /echo }, upstream: app }
                  - { match: { path: /xml-out }, request: { path: /xml }, response: { from: xml, json: [{ unwrap: u }, { rename: { fullName: name } }] }, upstream: app }

                """)
        }

        private func send(
            _ body: String, to target: String, type: String = "application/json", _ headers: String...
        ) throws -> RawMessage {
            let connection = try RawConnection(port: node.port)
            let lines = ["Content-Type: \(type)", "Content-Length: \(body.utf8.count)"] + headers
            try connection.sendRequest(["POST \(target) HTTP/1.1", "Host: gateway.test", "Connection: close"] + lines)
            let waits = headers.contains("Expect: 100-continue")
            if waits { #expect(try connection.readResponse(to: "POST").status == 100) }
            try connection.send(body)
            return try connection.readResponse(to: "POST")
        }

        private func get(_ target: String, _ headers: [String] = [], method: String = "GET") throws -> RawMessage {
            try request(target, headers, method: method, port: node.port)
        }

        @Test("JSON is changed both ways, and the length with it")
        func bothWays() throws {
            let sent = "{ \"fullName\": \"Ada\", \"internal\": {\"x\":[1]}, \"big\": 12345678901234567890.10 }"
            let answer = try send(sent, to: "/users/7", "X-By: a\"b", "Digest: x", "Expect: 100-continue")
            let seen = try #require(origin.requests.last?.message)
            #expect(seen.startLine == "POST /echo HTTP/1.1")
            #expect(
                seen.text
                    == "{\"name\":\"Ada\",\"big\": 12345678901234567890.10,\"id\":\"7\",\"by\":\"a\\\"b\",\"n\":1.50}")
            #expect(seen.values("Content-Length") == ["\(seen.body.count)"] && seen["Digest"] == nil)
            #expect(seen["Accept-Encoding"] == "identity")
            #expect(answer.text == "{\"name\":\"Ada\",\"id\":\"7\",\"by\":\"a\\\"b\"}")
            #expect(answer["Content-Length"] == "\(answer.body.count)")
            let moved = try send(
                "{\"address\":{\"zip\":\"1\",\"x\":2},\"items\":[{\"price\":1.0,\"cost\":2}]}", to: "/users/8")
            #expect(moved.text == "{\"items\":[{\"price\":1.0}],\"id\":\"8\",\"postcode\":\"1\"}")
        }

        @Test("trailers go on behind what became of their body, but for those about its old bytes")
        func trailers() throws {
            func post(_ target: String, _ body: String) throws -> RawMessage {
                let connection = try RawConnection(port: node.port)
                try connection.sendRequest(
                    [
                        "POST \(target) HTTP/1.1", "Host: gateway.test", "Connection: close",
                        "Content-Type: application/json", "Transfer-Encoding: chunked", "Trailer: X-Sum",
                    ],
                    body:
                        "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\nX-Sum: 9\r\nDigest: sha-256=y\r\n\r\n"
                )
                return try connection.readResponse(to: "POST")
            }
            #expect(try post("/users/7", "{\"fullName\":1}").status == 200)
            let changed = try #require(origin.requests.last?.message)
            #expect(changed.text == "{\"name\":1,\"id\":\"7\",\"n\":1.50}" && changed["Content-Length"] == nil)
            #expect(changed.trailers.map(\.name) == ["X-Sum"])
            #expect(try post("/lax/echo", "{\"a\":").status == 200)
            #expect(origin.requests.last?.message.trailers.map(\.name) == ["X-Sum", "Digest"], "it passed as it came")
            #expect(try post("/up/echo", "{\"a\":2}").text == "{\"b\":2}")
            #expect(origin.requests.last?.message.trailers.map(\.name) == ["X-Sum", "Digest"])
            let answer = try get("/up/trailers")
            #expect(answer.text == "{\"b\":1}" && answer.trailers.map(\.name) == ["X-Sum"])
        }

        @Test("what is gathered to be changed counts as held, and is given back however it ends")
        func memory() async throws {
            let text = "\"\(String(repeating: "x", count: 300_000))\""
            for _ in 0..<5 {
                #expect(try send("{\"a\":\(text)}", to: "/lax/echo").body.count > 300_000)
                #expect(try send("<a>\(text)", to: "/xml", type: "text/xml").status == 400)
            }
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(
                [
                    "POST /lax/echo HTTP/1.1", "Host: gateway.test", "Content-Type: application/json",
                    "Content-Length: 900000",
                ], body: text + text)
            try await eventually("what has come is known to be held") {
                try node.metric("sluice_buffer_bytes") > 500_000
            }
            connection.close()
            try await eventually("nothing is held") { try node.metric("sluice_buffer_bytes") == 0 }
        }

        @Test("a client's mistakes are its own: 400 with the place, 413, 415")
        func badRequests() throws {
            for (body, place) in [
                ("{\"a\":}", "line 1, column 6"), ("{\n\"a\": tru\n}", "line 2, column 6"), ("", "line 1, column 1"),
                (String(repeating: "[", count: 400), "nested deeper than 256"), ("{\"\u{1}\":1}", "control character"),
            ] {
                let before = origin.requests.count
                let answer = try send(body.isEmpty ? " " : body, to: "/users/7")
                #expect(answer.status == 400 && answer["Content-Type"] == "application/problem+json")
                let detail = answer.json["detail"] as? String ?? ""
                #expect(body.isEmpty || detail.contains(place), "\(detail)")
                #expect(origin.requests.count == before)
            }
            #expect(try send("\"\(String(repeating: "x", count: 2000))\"", to: "/users/7").status == 413)
            #expect(try send("{}", to: "/users/7", "Content-Encoding: gzip", "Content-Encoding: gzip").status == 415)
            let attributes = (0..<20_000).map { "a\($0)=''" }.joined(separator: " ")
            let wide = try send("<a \(attributes)/>", to: "/xml", type: "application/xml")
            #expect(wide.status == 400 && (wide.json["detail"] as? String)?.contains("256 attributes") == true)
            #expect(try send("{}", to: "/users/7", "Content-Encoding: odd").status == 415)
            #expect(try send("{\"a\":}", to: "/lax/echo").text == "{\"a\":}")
            let other = try send("fullName=1", to: "/users/7", type: "text/plain")
            #expect(other.status == 200 && other.text == "fullName=1", "what is not JSON passes as it is")
            #expect(try get("/users/7").status == 200, "and so does a request without a body")
        }

        @Test("a service's mistakes are 502, or pass where the route says so")
        func badResponses() throws {
            for target in ["/up/bad", "/up/long", "/up/cut", "/up/coded"] {
                let answer = try get(target)
                #expect(answer.status == 502, "\(target) \(answer.startLine)")
            }
            #expect(try get("/lax/bad").text == "{\"a\":")
            #expect(try get("/lax/error").text == "{\"a\":1}")
        }

        @Test("responses of all kinds")
        func responses() throws {
            for target in ["/up/chunks", "/up/gzip", "/up/error"] {
                let answer = try get(target, ["Accept-Encoding: gzip", "Range: bytes=0-1"])
                #expect(answer.text == "{\"b\":1}", "\(target)")
                #expect(answer["Content-Encoding"] == nil && answer["Content-Length"] == "7")
            }
            #expect(try get("/up/error").startLine == "HTTP/1.1 422 Not Good")
            let tagged = try get("/up/etag")
            #expect(tagged["ETag"] == "W/\"x\"" && tagged["Content-MD5"] == nil && tagged["Accept-Ranges"] == nil)
            #expect(try get("/up/text").text == "a=1")
            let head = try get("/up/etag", method: "HEAD")
            #expect(
                head.status == 200 && head.body.isEmpty && head["ETag"] == "W/\"x\"" && head["Content-Length"] == nil)
        }

        @Test("what is cached is what clients get")
        func cached() throws {
            for result in ["MISS", "HIT"] {
                let answer = try get("/cached/etag")
                #expect(answer["X-Cache"] == result && answer.text == "{\"b\":1}" && answer["ETag"] == "W/\"x\"")
            }
            #expect(try get("/cached/etag", ["If-None-Match: W/\"x\""]).status == 304)
            #expect(try get("/cached/etag", ["Range: bytes=1-3"]).text == "\"b\"")
        }

        @Test("forms and XML become JSON, and JSON becomes XML")
        func forms() throws {
            let form = try send("name=Ada+L&age=36&tag=a&tag=b", to: "/form", type: "application/x-www-form-urlencoded")
            #expect(form.text == "{\"name\":\"Ada L\",\"age\":36,\"tag\":[\"a\",\"b\"]}")
            #expect(origin.requests.last?.message["Content-Type"] == "application/json")
            #expect(try send("a=%zz", to: "/form", type: "application/x-www-form-urlencoded").status == 400)
            let xml = try send("<o><n>1</n><n>2</n></o>", to: "/xml", type: "application/xml")
            #expect(xml.text == "{\"o\":{\"n\":[\"1\",\"2\"]}}" && xml["Content-Type"] == "application/json")
            let bomb = "<!DOCTYPE o [<!ENTITY a \"x\">]><o>&a;</o>"
            #expect(try send(bomb, to: "/xml", type: "application/xml").status == 400)
            let asXML = try send("{\"o\":{\"n\":[1,2]}}", to: "/as-xml")
            #expect(asXML.text == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<o><n>1</n><n>2</n></o>")
            let out = try get("/xml-out")
            #expect(out.text == "{\"@id\":\"7\",\"name\":\"Ada\"}" && out["Content-Type"] == "application/json")
        }

        @Test("over HTTP/2 too, and a client that goes while its body is gathered leaves nothing behind")
        func otherWays() async throws {
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest([
                "POST /users/7 HTTP/1.1", "Host: a", "Content-Type: application/json", "Content-Length: 100",
            ])
            try connection.send("{\"a\":")
            connection.close()
            #expect(try send("{}", to: "/users/7").status == 200)
            let directory = try TemporaryDirectory("h2")
            let body = try directory.write("body.json", "{\"fullName\":\"Ada\"}")
            let result = try await ChildProcess.run(
                "curl",
                [
                    "-s", "--http2-prior-knowledge", "-H", "Content-Type: application/json", "-d", "@\(body)",
                    "http://127.0.0.1:\(node.port)/users/9",
                ], environment: [:])
            #expect(result.standardOutput == "{\"name\":\"Ada\",\"id\":\"9\"}")
        }
    }
}

extension RawMessage {
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
