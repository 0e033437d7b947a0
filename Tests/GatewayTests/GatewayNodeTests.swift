import Configuration
import Foundation
import Gateway
import Telemetry
import TestSupport
import Testing

@Suite("A node in this process", .ownThreads)
struct GatewayNodeTests {
    private func configuration(_ rest: String = "") throws -> GatewayConfiguration {
        let text = """
            listeners: [{ bind: "127.0.0.1:0" }]
            admin: { bind: "127.0.0.1:0" }
            access_log: { path: off }
            upstreams: { app: { targets: ["http://127.0.0.1:9"] } }
            routes: [{ upstream: app }]

            """
        return try GatewayConfiguration.parse(text: text + rest, file: "test.yaml", environment: [:]) { _ in [] }
    }

    @Test("a key that is no key is found by the check, with its place")
    func badKey() throws {
        let pem = "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----\\n"
        let bad = try configuration(
            "authenticators: { idp: { jwt: { algorithms: [RS256], public_key: \"\(pem)\" } } }\n")
        let failure = #expect(throws: SnapshotFailure.self) { try GatewayNode.validate(bad) }
        #expect(failure?.place == "authenticators.idp.jwt")
    }

    @Test("it tells the ports it was given, is ready, and stops twice without harm")
    func life() async throws {
        let node = try GatewayNode(
            try configuration(), options: GatewayNode.Options(), log: try StructuredLog(.standardError))
        try await node.start()
        let admin = try #require(Int(await node.adminAddress.split(separator: ":").last ?? ""))
        #expect(await node.listenerAddresses.allSatisfy { !$0.hasSuffix(":0") })
        let connection = try RawConnection(port: admin)
        try connection.sendRequest(["GET /readyz HTTP/1.1", "Host: a", "Connection: close"])
        #expect(try connection.readResponse().status == 200)
        await node.stop()
        await node.stop()
        #expect(throws: (any Error).self) { try RawConnection(port: admin) }
    }
}
