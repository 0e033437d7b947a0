import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("Traffic policy through a node")
    struct TrafficTests {
        private let stable: TestOrigin
        private let canary: TestOrigin
        private let shadow: TestOrigin
        private let node: Node

        init() async throws {
            stable = try TestOrigin { _ in .response("stable", headers: [("Cache-Control", "max-age=60")]) }
            canary = try TestOrigin { _ in .response("canary", headers: [("Cache-Control", "max-age=60")]) }
            shadow = try TestOrigin { request in
                request.message.target == "/mirrored/slow" ? [.hang] : .response("nobody reads this")
            }
            node = try await Node(
                """
                access_log: { path: off }
                authenticators: { keys: { api_key: {} } }
                consumers: [{ id: acme, keys: ["sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"] }]
                upstreams:
                  stable: { targets: ["\(stable.url)"] }
                  canary: { targets: ["\(canary.url)"] }
                  shadow: { targets: ["\(shadow.url)"] }
                  dead: { targets: ["http://127.0.0.1:\(try freePort())"] }
                routes:
                  - name: split
                    match: { path: "/split/**" }
                    split: [{ upstream: stable, weight: 80 }, { upstream: canary, weight: 20, when: { header: { X-Canary: "yes" } } }]
                  - name: sticky
                    match: { path: "/sticky/**" }
                    split: { targets: [{ upstream: stable, weight: 1 }, { upstream: canary, weight: 1 }], sticky: { cookie: user } }
                  - name: kept
                    match: { path: "/kept/**" }
                    cache: {}
                    split: [{ upstream: stable, weight: 1 }, { upstream: canary, when: { cookie: { canary: "1" } } }]
                  - name: mirrored
                    match: { path: "/mirrored/**" }
                    upstream: stable
                    mirror: { upstream: shadow, body: 1KiB, concurrency: 2, timeout: 500ms }
                  - { name: unmirrored, match: { path: "/unmirrored" }, upstream: stable, mirror: { upstream: dead } }
                  - name: late
                    match: { path: "/late" }
                    upstream: stable
                    fault: { delay: { time: 150ms }, when: { query: { slow: "1" } } }
                  - { name: broken, match: { path: "/broken" }, upstream: stable, fault: { abort: { status: 502 } } }
                  - { name: flaky, match: { path: "/flaky" }, upstream: stable, fault: { abort: { share: 50% } } }
                  - { match: { path: "/old/**" }, redirect: { to: "https://new.example.test/{rest}", status: 308 } }
                  - { match: { path: "/person/{id}" }, redirect: "/people/{id}" }
                  - { match: { path: "/robots.txt" }, respond: { headers: { Cache-Control: max-age=60 }, body: "User-agent: *" } }
                  - { match: { path: "/teapot" }, respond: { status: 418 } }
                  - { match: { path: "/closed" }, auth: keys, maintenance: { retry_after: 10m, detail: "Back at noon." } }
                  - { match: { path: "/page" }, maintenance: { body: "<p>Soon", headers: { Content-Type: text/html } } }
                  - { match: { path: "/staff" }, upstream: stable, maintenance: { allow: [127.0.0.0/8] } }
                  - { match: { path: "/strangers" }, upstream: stable, maintenance: { allow: [192.0.2.0/24] } }
                  - { match: { path: "/open" }, upstream: stable, maintenance: false }

                """)
        }

        @Test("a split follows its weights, and its conditions before them")
        func split() throws {
            let connection = try RawConnection(port: node.port)
            let bodies = try (0..<300).map { try connection.exchange("/split/\($0)").text }
            let canaries = bodies.filter { $0 == "canary" }.count
            #expect((25...105).contains(canaries), "\(canaries) of 300, about 60 expected")
            for _ in 0..<20 {
                let chosen = try connection.exchange("/split/x", ["X-Canary: yes"])
                #expect(chosen.text == "canary" && chosen.values("Vary").contains("X-Canary"))
            }
        }

        @Test("a caller stays with its arm, on all nodes")
        func sticky() async throws {
            let other = try await Node(
                """
                access_log: { path: off }
                upstreams: { stable: { targets: ["\(stable.url)"] }, canary: { targets: ["\(canary.url)"] } }
                routes:
                  - match: { path: "/sticky/**" }
                    split: { targets: [{ upstream: stable, weight: 1 }, { upstream: canary, weight: 1 }], sticky: { cookie: user } }

                """, name: "node2")
            var arms: Set<String> = []
            for user in 0..<12 {
                let fields = ["Cookie: a=b; user=u\(user)"]
                let seen = try Set(
                    (0..<4).flatMap { path in
                        [
                            try request("/sticky/\(path)", fields, port: node.port).text,
                            try request("/sticky/\(path)", fields, port: other.port).text,
                        ]
                    })
                #expect(seen.count == 1, "user \(user)")
                arms.formUnion(seen)
            }
            #expect(arms == ["stable", "canary"])
        }

        @Test("each arm has a cache of its own")
        func cache() throws {
            for (cookie, body) in [("canary=1", "canary"), ("canary=0", "stable")] {
                for word in ["MISS", "HIT"] {
                    let answer = try request("/kept/a", ["Cookie: \(cookie)"], port: node.port)
                    #expect(answer.text == body && answer["X-Cache"] == word, "\(cookie)")
                }
            }
            // What one arm is told to change is changed for all.
            let connection = try RawConnection(port: node.port)
            try connection.sendRequest(["POST /kept/a HTTP/1.1", "Host: gateway.test", "Content-Length: 0"])
            #expect(try connection.readResponse().status == 200)
            for (cookie, body) in [("canary=1", "canary"), ("canary=0", "stable")] {
                let answer = try request("/kept/a", ["Cookie: \(cookie)"], port: node.port)
                #expect(answer.text == body && answer["X-Cache"] == "MISS", "\(cookie)")
            }
        }

        @Test("a mirror gets what the service gets, and its answer goes nowhere")
        func mirror() async throws {
            let connection = try RawConnection(port: node.port)
            // One after the other: each worker has place for one.
            func answered(_ count: Int) async throws {
                try await eventually("\(count) copies were answered") {
                    try node.metric("sluice_mirror_requests_total", #"route="mirrored",result="answered""#)
                        == Double(count)
                }
            }
            #expect(try connection.exchange("/mirrored/a?b=1", ["X-Own: 1"]).text == "stable")
            try await answered(1)
            let body = String(repeating: "x", count: 900)
            for (number, framing) in ["Content-Length: 900", "Transfer-Encoding: chunked"].enumerated() {
                let sent = framing.hasPrefix("T") ? "384\r\n\(body)\r\n0\r\n\r\n" : body
                try connection.sendRequest(["POST /mirrored/b HTTP/1.1", "Host: gateway.test", framing], body: sent)
                #expect(try connection.readResponse().text == "stable")
                try await answered(2 + number)
            }
            let copies = shadow.requests.map(\.message).sorted { $0.target < $1.target }
            #expect(copies.map(\.target) == ["/mirrored/a?b=1", "/mirrored/b", "/mirrored/b"])
            #expect(copies.allSatisfy { $0["Sluice-Mirror"] == "1" && $0["X-Forwarded-For"] == "127.0.0.1" })
            #expect(copies[0]["X-Own"] == "1" && copies[0]["Host"] == "gateway.test")
            #expect(copies[1].body.count == 900 && copies[2].body.count == 900)
            let ids = Set(stable.requests.compactMap { $0.message["X-Request-ID"] })
            #expect(copies.allSatisfy { ids.contains($0["X-Request-ID"] ?? "") }, "a copy can be found by its original")
            #expect(stable.requests.allSatisfy { $0.message["Sluice-Mirror"] == nil })
        }

        @Test("a mirror that is slow, dead or too small for a body costs the original nothing")
        func mirrorFailures() async throws {
            let connection = try RawConnection(port: node.port)
            let started = ContinuousClock.now
            for _ in 0..<6 { #expect(try connection.exchange("/mirrored/slow").text == "stable") }
            #expect(try connection.exchange("/unmirrored").text == "stable")
            #expect(ContinuousClock.now - started < .milliseconds(450), "no copy was waited for")
            // Two places, a half for each of the two workers; a copy that gets no answer is given up after 500 ms.
            try await eventually("copies beyond the places were dropped, the others given up") {
                try node.metric("sluice_mirror_requests_total", #"route="mirrored",result="dropped""#) == 5
                    && node.metric("sluice_mirror_requests_total", #"route="mirrored",result="failed""#) == 1
            }
            let body = String(repeating: "x", count: 2000)
            for framing in ["Content-Length: 2000", "Transfer-Encoding: chunked"] {
                let sent = framing.hasPrefix("T") ? "7d0\r\n\(body)\r\n0\r\n\r\n" : body
                try connection.sendRequest(["POST /mirrored/b HTTP/1.1", "Host: gateway.test", framing], body: sent)
                #expect(try connection.readResponse().text == "stable")
            }
            try await eventually("longer bodies are not copied") {
                try node.metric("sluice_mirror_requests_total", #"route="mirrored",result="dropped""#) == 7
                    && node.metric("sluice_mirror_requests_total", #"route="unmirrored",result="failed""#) == 1
            }
        }

        @Test("faults delay and abort what they are meant for")
        func faults() throws {
            let connection = try RawConnection(port: node.port)
            func time(_ target: String, _ status: Int = 200) throws -> Duration {
                let started = ContinuousClock.now
                #expect(try connection.exchange(target).status == status)
                return ContinuousClock.now - started
            }
            #expect(try time("/late?slow=1") >= .milliseconds(145))
            try connection.sendRequest(
                ["POST /late?slow=1 HTTP/1.1", "Host: gateway.test", "Content-Length: 5"], body: "hello")
            #expect(try connection.readResponse().text == "stable")
            #expect(stable.requests.last?.message.text == "hello", "the body waits with its head")
            #expect(try time("/late") < .milliseconds(140))
            let before = stable.requests.count
            let broken = try connection.exchange("/broken")
            #expect(broken.status == 502 && broken["Content-Type"] == "application/problem+json")
            #expect(broken.json["type"] as? String == "urn:sluice:problem:fault-injected")
            #expect(stable.requests.count == before)
            let statuses = try (0..<60).map { _ in try connection.exchange("/flaky").status }
            #expect(Set(statuses) == [200, 503])
            #expect(try node.metric("sluice_faults_injected_total", #"route="late",kind="delay""#) == 2)
            #expect(try node.metric("sluice_faults_injected_total", #"route="broken",kind="abort""#) == 1)
        }

        @Test("a client that leaves while it is delayed leaves nothing behind")
        func leaving() async throws {
            do {
                let connection = try RawConnection(port: node.port)
                try connection.sendRequest(["GET /late?slow=1 HTTP/1.1", "Host: gateway.test"])
                try await eventually("it is being delayed") {
                    try node.metric("sluice_requests_in_flight", #"route="late""#) == 1
                }
                connection.close()
            }
            try await eventually("it is gone") { try node.metric("sluice_requests_in_flight", #"route="late""#) == 0 }
            #expect(stable.requests.isEmpty)
        }

        @Test("redirections keep path and query, and static answers are what the file says")
        func ownAnswers() throws {
            let connection = try RawConnection(port: node.port)
            let moved = try connection.exchange("/old/a/b?c=1")
            #expect(moved.status == 308 && moved["Location"] == "https://new.example.test/a/b?c=1")
            let evil = try connection.exchange("/old//evil.test/%0d%0aSet-Cookie:%20a=b")
            #expect(evil["Location"] == "https://new.example.test/evil.test/%0D%0ASet-Cookie:%20a=b")
            #expect(evil["Set-Cookie"] == nil)
            let person = try connection.exchange("/person/7", method: "POST")
            #expect(person.status == 302 && person["Location"] == "/people/7")
            let robots = try connection.exchange("/robots.txt")
            #expect(robots.status == 200 && robots.text == "User-agent: *" && robots["Cache-Control"] == "max-age=60")
            #expect(robots["Content-Type"] == "text/plain; charset=utf-8")
            let head = try connection.exchange("/robots.txt", method: "HEAD")
            #expect(head.status == 200 && head["Content-Length"] == "13")
            #expect(try connection.exchange("/teapot").status == 418)
            #expect(stable.requests.isEmpty)
        }

        @Test("a route under maintenance says so to everyone but those who work on it")
        func maintenance() throws {
            let closed = try request("/closed", port: node.port)
            #expect(closed.status == 503 && closed["Retry-After"] == "600")
            #expect(closed.json["detail"] as? String == "Back at noon.")
            #expect(closed.json["type"] as? String == "urn:sluice:problem:maintenance")
            let page = try request("/page", port: node.port)
            #expect(page.status == 503 && page.text == "<p>Soon" && page["Content-Type"] == "text/html")
            #expect(page["Retry-After"] == "300")
            #expect(try request("/staff", port: node.port).text == "stable")
            #expect(try request("/strangers", port: node.port).status == 503)
            #expect(try request("/open", port: node.port).text == "stable")
        }
    }
}
