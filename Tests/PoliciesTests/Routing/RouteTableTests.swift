import Policies
import Testing

@Suite struct RouteTableTests {
    @Test("the more specific path wins, whatever the order of the rules")
    func pathSpecificity() throws {
        let patterns = ["/**", "/a/**", "/a/{x}", "/a/b", "/a/{x}/c", "/a/b/d", "/a", "/a/", "/{x}/b/**", "/"]
        let expected = [
            "/": "/", "/a": "/a", "/a/": "/a/", "/a/b": "/a/b", "/a/z": "/a/{x}", "/a/b/c": "/a/{x}/c",
            "/a/b/d": "/a/b/d",
            "/a/b/e": "/a/**", "/a/z/c": "/a/{x}/c", "/a/b/": "/a/**", "/a/b/c/": "/a/**", "/q/b": "/{x}/b/**",
            "/q/b/": "/{x}/b/**", "/q/b/c/d": "/{x}/b/**", "/ab": "/**", "/q": "/**", "/a//b": "/a/**", "/b//": "/**",
        ]
        var random = Seeded(seed: 1)
        for _ in 0..<20 {
            let shuffled = patterns.shuffled(using: &random)
            let table = RouteTable(try shuffled.map { try rule($0) })
            for (path, pattern) in expected {
                #expect(table.match(path) == .route(shuffled.firstIndex(of: pattern) ?? -1), "\(path)")
            }
        }
    }

    @Test("prefixes end at segment borders and trailing slashes are significant")
    func borders() throws {
        let table = try table("/api/users/**", "/exact", "/dir/")
        for path in ["/api/users", "/api/users/", "/api/users/1", "/api/users/1/2/"] {
            #expect(table.match(path) == .route(0), "\(path)")
        }
        for path in ["/api/users2", "/api", "/", "", "api/users", "*", "/exact/", "/dir", "/api/Users"] {
            #expect(table.match(path) == .notFound, "\(path)")
        }
    }

    @Test("percent-encoded bytes are compared as they are")
    func encoded() throws {
        let table = try table("/a%2Fb", "/a/b")
        #expect(table.match("/a%2Fb") == .route(0))
        #expect(table.match("/a/b") == .route(1))
    }

    @Test("captures are the places of the parameters on the way that won")
    func captures() throws {
        let table = try table("/a/{x}/{y}/end", "/a/b/{z}", "/{first}/{second}/**")
        #expect(table.match(TestRequest(path: "/a/b/q/end")).captured == ["b", "q"])
        #expect(table.match(TestRequest(path: "/a/b/q")).captured == ["q"])
        #expect(table.match(TestRequest(path: "/a/b/q/else")).captured == ["a", "b"])
        #expect(table.match(TestRequest(path: "/x%2F/yy")).captured == ["x%2F", "yy"])
    }

    @Test("sixteen parameters are captured")
    func manyCaptures() throws {
        let table = RouteTable([try rule((0...15).map { "/{p\($0)}" }.joined())])
        let found = table.match(TestRequest(path: (0...15).map { "/v\($0)" }.joined()))
        #expect(found.match == .route(0))
        #expect(found.captured == (0...15).map { "v\($0)" })
    }

    @Test("an exact host goes before wildcards, longer ones before shorter, and these before any host")
    func hosts() throws {
        let table = try table(
            "/x", "*.example.com/x", "*.eu.example.com/x", "api.eu.example.com/x", "example.com/x", "[::1]/x")
        let expected: [(String, Int)] = [
            ("api.eu.example.com", 3), ("API.EU.Example.COM", 3), ("api.eu.example.com:8080", 3),
            ("api.eu.example.com.", 3), ("api.eu.example.com.:443", 3), ("b.eu.example.com", 2),
            ("a.b.eu.example.com", 2),
            ("eu.example.com", 1), ("a.example.com", 1), ("example.com", 4), ("badexample.com", 0), (".example.com", 0),
            ("", 0), (":", 0), (".", 0), ("other.org:1", 0), ("[::1]", 5), ("[::1]:8080", 5), ("[::2]", 0), ("[", 0),
        ]
        for (host, index) in expected { #expect(table.match("/x", host: host) == .route(index), "\(host)") }
    }

    @Test(
        "a host without a route for the path leaves it to less specific hosts, but not when only the method is missing")
    func hostFallback() throws {
        let table = try table("GET a.b.com/one", "*.b.com/two", "/one", "/two", "/three")
        #expect(table.match("/one", host: "a.b.com") == .route(0))
        #expect(table.match("/two", host: "a.b.com") == .route(1))
        #expect(table.match("/three", host: "a.b.com") == .route(4))
        #expect(table.match("/one", "POST", host: "a.b.com") == .methodNotAllowed(allow: "GET, HEAD, OPTIONS"))
        #expect(table.match("/one", "POST", host: "c.b.com") == .route(2))
    }

    @Test("a known path without the method answers with what it allows")
    func methods() throws {
        let table = try table("GET,PUT /a", "DELETE /a", "PURGE,POST /a", "/b", "POST /b", "HEAD /c", "GET /c", "/c")
        #expect(table.match("/a") == .route(0))
        #expect(table.match("/a", "HEAD") == .route(0))
        #expect(table.match("/a", "DELETE") == .route(1))
        #expect(table.match("/a", "PURGE") == .route(2))
        let allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PURGE"
        #expect(table.match("/a", "PATCH") == .methodNotAllowed(allow: allow))
        #expect(table.match("/a", "get") == .methodNotAllowed(allow: allow))
        #expect(table.match("/a", "OPTIONS") == .options(allow: allow))
        #expect(table.match("/b", "POST") == .route(4))
        #expect(table.match("/b", "OPTIONS") == .route(3))
        #expect(table.match("/c", "HEAD") == .route(5))
        #expect(table.match("/c", "PUT") == .route(7))
    }

    @Test("HEAD is implied by GET before a rule of any method takes it")
    func impliedHead() throws {
        let table = try table("/a", "GET /a")
        #expect(table.match("/a", "HEAD") == .route(1))
        #expect(table.match("/a", "POST") == .route(0))
    }

    @Test("what one path allows is the union over all patterns that match it")
    func allowUnion() throws {
        let table = try table("GET /a/b", "POST /a/{x}", "DELETE /**")
        #expect(table.match("/a/b", "POST") == .route(1))
        #expect(table.match("/a/b", "PUT") == .methodNotAllowed(allow: "GET, HEAD, POST, DELETE, OPTIONS"))
        #expect(table.match("/q", "GET") == .methodNotAllowed(allow: "DELETE, OPTIONS"))
    }
}
