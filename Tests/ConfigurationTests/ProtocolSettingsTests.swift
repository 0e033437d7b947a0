import Foundation
import Testing

@testable import Configuration

@Suite("What a configuration says of protocols")
struct ProtocolSettingsTests {
    let full: GatewayConfiguration

    init() throws {
        full = try parse(fullFile, environment: fullEnvironment, files: fullFiles)
    }

    /// The second route of two, with these keys.
    private func route(_ keys: String, files: [String: String] = [:]) throws -> RouteSettings {
        let text = Self.translating.replacing("grpc: { descriptors: a.pb }", with: keys)
        return try parse(text, files: files).routes[1]
    }

    private static let translating = """
        upstreams: { users: { targets: ["h2c://a"] } }
        routes:
          - { upstream: users }
          - { upstream: users, match: { path: /b }, grpc: { descriptors: a.pb } }

        """

    private func targets(_ upstream: String) throws -> [TargetSettings] {
        try parse("upstreams: { a: \(upstream) }\nroutes: [{ upstream: a }]\n").upstreams["a"]?.targets ?? []
    }

    @Test(
        "a target's scheme says whether TLS and whether HTTP/2",
        arguments: [
            ("http", false, TargetProtocol.http1), ("https", true, .http1), ("h2c", false, .http2),
            ("h2", true, .http2),
            ("grpc", false, .http2), ("grpcs", true, .http2), ("GRPCS", true, .http2),
        ])
    func schemes(scheme: String, isSecure: Bool, speaks: TargetProtocol) throws {
        let port = isSecure ? 443 : 80
        let expected = TargetSettings(host: "a", port: port, isSecure: isSecure, speaks: speaks)
        #expect(try targets("{ targets: [\"\(scheme)://a\", \"\(scheme)://a:\(port)/\"] }") == [expected, expected])
        #expect(expected.authority == "a")
        #expect(try targets("{ targets: [\"\(scheme)://[::1]:8443\"] }").map(\.authority) == ["[::1]:8443"])
    }

    @Test("a port that is the other scheme's default is told")
    func authority() throws {
        let found = try targets("{ targets: [\"http://a:443\", \"https://a:80\"] }")
        #expect(found.map(\.authority) == ["a:443", "a:80"])
    }

    @Test("an upstream's protocol is that of all its targets")
    func protocols() throws {
        func spoken(_ upstream: String) throws -> [TargetProtocol] { try targets(upstream).map(\.speaks) }
        #expect(try spoken("{ targets: [\"http://a\", \"https://a\"], protocol: http2 }") == [.http2, .http2])
        #expect(try spoken("{ targets: [\"https://a\", \"grpc://a\"] }") == [.http1, .http2])
        #expect(try spoken("{ targets: [\"https://a\"], protocol: auto }") == [.negotiated])
        #expect(try spoken("{ targets: [\"http://a\", \"https://a\"], protocol: http1 }") == [.http1, .http1])
        #expect(try spoken("{ targets: [\"grpc://a\"], protocol: http2 }") == [.http2])
    }

    @Test("PROXY headers are taken where the file says so, and there are proxies to trust")
    func proxies() throws {
        #expect(full.listeners.map(\.takesProxyProtocol) == [false, true])
        let text = smallest + "listeners: [{ bind: \":80\", proxy_protocol: true }]\n"
        let problem =
            "gateway.yaml:5:44: listeners[0].proxy_protocol: proxy_protocol believes what trusted proxies say of their "
            + "clients, and there are none; add trusted_proxies with the proxy's address"
        #expect(descriptions(text) == [problem])
        #expect(descriptions(text + "trusted_proxies: []\n") == [problem])
        #expect(descriptions(text + "trusted_proxies: [10.0.0.1]\n") == [])
        #expect(descriptions(text + "trusted_proxies: [x]\n").count == 1)
    }

    @Test("JSON can be translated only for an upstream whose every target may speak HTTP/2")
    func translationNeedsHTTP2() {
        func told(_ targets: String) -> [String] {
            let text =
                "upstreams: { a: { targets: \(targets) } }\nroutes: [{ upstream: a, grpc: { descriptors: a.pb } }]\n"
            return descriptions(text, files: ["a.pb": "\n"])
        }
        #expect(
            told("[\"grpc://a\", \"http://a\"]") == [
                "gateway.yaml:2:22: routes[0].upstream: gRPC needs HTTP/2, and a target of \"a\" speaks HTTP/1.1; "
                    + "write grpc:// or grpcs:// in its URL"
            ])
        #expect(told("[\"grpc://a\"]") == [])
        #expect(told("[\"https://a\"], protocol: auto") == [])
        #expect(told("[\"http://a\"]").count == 1)
    }

    @Test("streams, connections of one address, and the time of an exchange have limits")
    func bounds() throws {
        #expect((full.limits.connectionsPerAddress, full.limits.streams) == (50, 128))
        let users = try #require(full.upstreams["users"])
        #expect((users.totalTimeoutMicroseconds, users.maxStreams) == (120_000_000, 50))
        let short = try parse(smallest)
        #expect((short.limits.connectionsPerAddress, short.limits.streams) == (nil, 256))
        let defaults = try #require(short.upstreams["users"])
        #expect((defaults.totalTimeoutMicroseconds, defaults.maxStreams) == (nil, 100))
    }

    @Test("a route has its own limit for bodies, larger or smaller than the node's")
    func body() throws {
        #expect(full.routes.prefix(3).map(\.bodyBytes) == [100 << 20, nil, nil])
        #expect(try route("body: 0").bodyBytes == 0)
    }

    @Test("WebSocket passes unless a route says otherwise")
    func upgrades() throws {
        let chat = RouteUpgrade(
            protocols: .only(["websocket", "chat"]), idleTimeoutMicroseconds: 60_000_000,
            lifetimeMicroseconds: 7_200_000_000)
        #expect(full.routes.prefix(3).map(\.upgrade) == [chat, RouteUpgrade(protocols: .any), nil])
        let byDefault = try parse(smallest).routes[0].upgrade
        #expect(byDefault == RouteUpgrade() && byDefault?.protocols == .only(["websocket"]))
        #expect(byDefault?.idleTimeoutMicroseconds == 300_000_000)
        #expect(byDefault?.lifetimeMicroseconds == 86_400_000_000)
        for same in ["websocket", "{}", "{ protocols: websocket }", "{ protocols: [WebSocket] }"] {
            #expect(try route("upgrade: \(same)").upgrade == byDefault)
        }
        #expect(try route("upgrade: { protocols: any }").upgrade == RouteUpgrade(protocols: .any))
    }

    @Test("a route's descriptors are read with the file")
    func grpc() throws {
        let grpc = full.routes[0].grpc
        #expect(grpc.descriptors == [0x0A, 2, 0x0A, 0] && grpc.descriptorsPath == "greeter.pb")
        #expect(grpc.method == "helloworld.Greeter/SayHello")
        #expect((grpc.unknownQuery, grpc.streaming, grpc.web) == (.ignore, .serverSentEvents, false))
        #expect(full.routes[1].grpc == RouteGRPC())
        let short = try route("grpc: { descriptors: a.pb }", files: ["a.pb": "\n"]).grpc
        #expect(short.method == nil && short.web && short.unknownQuery == .refuse && short.streaming == .newlines)
        #expect(try route("grpc: { web: false }").grpc.web == false)
    }

    @Test("a file that is no descriptor set is told, and so is one that is too large")
    func notDescriptors() {
        let text = Self.translating
        let place = "gateway.yaml:4:66: routes[1].grpc.descriptors: "
        for content in ["", "syntax = \"proto3\";"] {
            #expect(
                descriptions(text, files: ["a.pb": content]) == [
                    place + "the file \"a.pb\" is no descriptor set; make it with: "
                        + "protoc --include_imports --descriptor_set_out=FILE service.proto"
                ])
        }
        let large = "\n" + String(repeating: "a", count: 16 << 20)
        #expect(
            descriptions(text, files: ["a.pb": large]) == [
                place + "the file \"a.pb\" is larger than 16MiB; is it the right one?"
            ])
    }

    @Test("descriptors on disk may be larger than other files")
    func largeDescriptors() throws {
        let directory = NSTemporaryDirectory() + "sluice-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let content = Data([0x0A] + [UInt8](repeating: 1, count: 3 << 20))
        try content.write(to: URL(fileURLWithPath: directory + "/a.pb"))
        let text = Self.translating
        try text.write(toFile: directory + "/gateway.yaml", atomically: true, encoding: .utf8)
        let read = try GatewayConfiguration.load(path: directory + "/gateway.yaml", environment: [:])
        #expect(read.routes[1].grpc.descriptors == Array(content))
    }

    @Test("a file that aliases name often is read once")
    func aliases() throws {
        var readings = 0
        let text = """
            upstreams: { a: { targets: ["grpc://a"] } }
            routes:
              - { upstream: a, grpc: &grpc { descriptors: a.pb } }
              - { upstream: a, grpc: *grpc, match: { path: /b } }
              - { upstream: a, grpc: *grpc, match: { path: /c } }
            """
        let read = try GatewayConfiguration.parse(text: text, file: "gateway.yaml", environment: [:]) { _ in
            readings += 1
            return [0x0A]
        }
        #expect(read.routes.map(\.grpc.descriptors) == [[0x0A], [0x0A], [0x0A]])
        #expect(readings == 1)
    }

    @Test("a WebSocket handshake may carry its token where browsers can put it")
    func handshakes() throws {
        guard case .jwt(let main) = full.authenticators["main"],
            case .jwt(let rotating) = full.authenticators["rotating"]
        else {
            Issue.record("expected two jwt authenticators")
            return
        }
        #expect((main.query, main.subprotocol) == ("access_token", "bearer"))
        #expect((rotating.query, rotating.subprotocol) == (nil, nil))
    }
}
