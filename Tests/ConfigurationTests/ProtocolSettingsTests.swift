import Foundation
import Testing

@testable import Configuration

@Suite("What a configuration says of protocols")
struct ProtocolSettingsTests {
    let full: GatewayConfiguration

    init() throws {
        full = try parse(fullFile, environment: fullEnvironment, files: fullFiles)
    }

    /// The smallest file's second route, with these keys.
    private func route(_ keys: String, files: [String: String] = [:]) throws -> RouteSettings {
        let text = smallest + "  - { upstream: users, match: { path: /b }, \(keys) }\n"
        return try parse(text, files: files).routes[1]
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
        #expect(full.routes.map(\.bodyBytes) == [100 << 20, nil, nil])
        #expect(try route("body: 0").bodyBytes == 0)
    }

    @Test("WebSocket passes unless a route says otherwise")
    func upgrades() throws {
        let chat = RouteUpgrade(
            protocols: .only(["websocket", "chat"]), idleTimeoutMicroseconds: 60_000_000,
            lifetimeMicroseconds: 7_200_000_000)
        #expect(full.routes.map(\.upgrade) == [chat, RouteUpgrade(protocols: .any), nil])
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
        let text = smallest + "  - { upstream: users, match: { path: /b }, grpc: { descriptors: a.pb } }\n"
        let place = "gateway.yaml:5:66: routes[1].grpc.descriptors: "
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
        let text = smallest + "  - { upstream: users, match: { path: /b }, grpc: { descriptors: a.pb } }\n"
        try text.write(toFile: directory + "/gateway.yaml", atomically: true, encoding: .utf8)
        let read = try GatewayConfiguration.load(path: directory + "/gateway.yaml", environment: [:])
        #expect(read.routes[1].grpc.descriptors == Array(content))
    }

    @Test("a file that aliases name often is read once")
    func aliases() throws {
        var readings = 0
        let text = """
            upstreams: { a: { targets: ["http://a"] } }
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
