import Encryption
import NIOCore
import RedisClient
import TestSupport
import Testing

@Suite("TLS and users", .ownThreads)
struct RedisTLSTests {
    private func settings(
        _ port: Int, _ files: ClientTLS.Files, serverName: String? = nil, verification: ClientTLS.Verification = .full
    ) throws -> RedisSettings {
        var settings = RedisSettings.local(port)
        settings.tls = try ClientTLS(files, serverName: serverName, verification: verification)
        return settings
    }

    @Test("commands, scripts and messages pass through TLS with a server that the CA knows")
    func verified() async throws {
        let certificates = try await TestCertificates()
        let server = try await RedisServer(tls: certificates)
        try await server.cli("ACL", "SETUSER", "gate", "on", ">s3cret", "~*", "&*", "+@all")
        var settings = try settings(server.port, .init(roots: certificates.bytes(certificates.ca)))
        settings.username = "gate"
        settings.password = "s3cret"
        let client = try await RedisClient.connect(settings, on: anyLoop())
        #expect(try await client.send("ACL", "WHOAMI").text == "gate")
        let large = String(repeating: "x", count: 1 << 20)
        try await client.send("SET", "large", large)
        #expect(try await client.send("GET", "large").text == large)
        try await client.close()
    }

    @Test("a client's certificate is shown to a server that demands one")
    func clientCertificate() async throws {
        let certificates = try await TestCertificates()
        let server = try await RedisServer(arguments: ["--tls-auth-clients", "yes"], tls: certificates)
        var files = ClientTLS.Files(roots: try certificates.bytes(certificates.ca))
        let without = try settings(server.port, files)
        await #expect(throws: RedisError.self) { try await RedisClient.connect(without, on: anyLoop()) }
        files.certificates = try certificates.bytes(certificates.clientCertificate)
        files.key = try certificates.bytes(certificates.clientKey)
        let client = try await RedisClient.connect(try settings(server.port, files), on: anyLoop())
        #expect(try await client.send("PING") == .status("PONG"))
        try await client.close()
    }

    @Test("a server is refused that the CA does not know, or that has another name, with the reason")
    func refused() async throws {
        let certificates = try await TestCertificates(for: ["DNS:redis.internal"])
        let server = try await RedisServer(tls: certificates)
        let ca = ClientTLS.Files(roots: try certificates.bytes(certificates.ca))
        let others = try await TestCertificates()
        let refused = [
            try settings(server.port, .init()), try settings(server.port, ca),
            try settings(server.port, .init(roots: try others.bytes(others.ca))),
            try settings(server.port, ca, serverName: "localhost"),
        ]
        for settings in refused {
            let error = await #expect(throws: RedisError.self) {
                try await RedisClient.connect(settings, on: anyLoop())
            }
            #expect(error?.description.contains("state.tls") == true, "\(error?.description ?? "")")
        }
        let accepted = [
            try settings(server.port, ca, serverName: "redis.internal"),
            try settings(server.port, ca, verification: .chain),
            try settings(server.port, .init(), verification: .none),
        ]
        for settings in accepted {
            let client = try await RedisClient.connect(settings, on: anyLoop())
            #expect(try await client.send("PING") == .status("PONG"))
            try await client.close()
        }
    }

    @Test("a port that does not speak TLS is told as such")
    func plainServer() async throws {
        let server = try await RedisServer()
        var settings = try settings(server.port, .init())
        settings.connectTimeout = .seconds(2)
        let error = await #expect(throws: RedisError.self) {
            try await RedisClient.connect(settings, on: anyLoop())
        }
        #expect(error?.description.contains("TLS") == true, "\(error?.description ?? "")")
    }

    @Test("files that are no PEM are refused with the name of what they are for")
    func noPEM() throws {
        let error = #expect(throws: UnusableTLS.self) { try ClientTLS(.init(roots: Array("x".utf8))) }
        #expect(error?.description.contains("the CA file") == true)
        let other = #expect(throws: UnusableTLS.self) {
            try ClientTLS(.init(certificates: Array("x".utf8), key: Array("y".utf8)))
        }
        #expect(other?.description.contains("the certificate") == true)
    }
}
