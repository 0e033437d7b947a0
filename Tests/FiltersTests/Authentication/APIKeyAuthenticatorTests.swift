import Credentials
import GatewayCore
import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("API keys")
struct APIKeyAuthenticatorTests {
    private let consumers: ConsumerDirectory

    init() throws {
        consumers = try ConsumerDirectory([
            // demo-key-globex and demo-key-acme
            .init(
                id: "globex", plan: nil, scopes: [],
                keyHashes: ["sha256:0aef9a797b1f4523f91fe6c361cd0df88248789ca6cb8cad188d5030ac2f717e"]),
            .init(
                id: "acme", plan: "gold", scopes: ["users.read"],
                keyHashes: ["sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"]),
        ])
    }

    @Test("a key in its header is its consumer, whatever the case of the header's name")
    func header() throws {
        let authenticator = try APIKeyAuthenticator(source: .header("x-api-key"), consumers: consumers)
        for name in ["X-API-Key", "x-api-key"] {
            let test = try TestExchange.with("\(name): demo-key-acme")
            let identity = try #require(authenticator.authenticate(test.exchange).identity)
            #expect(identity.consumer == "acme" && identity.plan == "gold" && identity.scopes == ["users.read"])
        }
    }

    @Test("a key in its query parameter is its consumer")
    func query() throws {
        let authenticator = try APIKeyAuthenticator(source: .query("key"), consumers: consumers)
        let test = try TestExchange(["GET /?a=1&key=demo-key-globex&b HTTP/1.1", "Host: h"])
        #expect(authenticator.authenticate(test.exchange).identity?.consumer == "globex")
    }

    @Test("a percent-encoded key is the key that it stands for")
    func encodedQuery() throws {
        let authenticator = try APIKeyAuthenticator(source: .query("key"), consumers: consumers)
        let test = try TestExchange(["GET /?key=demo%2Dkey%2dglobex HTTP/1.1", "Host: h"])
        #expect(authenticator.authenticate(test.exchange).identity?.consumer == "globex")
    }

    @Test("a key in its cookie is its consumer, in quotes or not, whatever cookies stand around it")
    func cookie() throws {
        let authenticator = try APIKeyAuthenticator(source: .cookie("key"), consumers: consumers)
        for line in [
            "key=demo-key-globex", "a=b; key=demo-key-globex; c=d", "a=\"x;\"; akey=z;key=\"demo-key-globex\"",
        ] {
            let test = try TestExchange.with("Cookie: \(line)")
            #expect(authenticator.authenticate(test.exchange).identity?.consumer == "globex", "\(line)")
        }
        for line in ["Key=demo-key-globex", "key", "=demo-key-globex", "keys=demo-key-globex"] {
            let test = try TestExchange.with("Cookie: \(line)")
            #expect(authenticator.authenticate(test.exchange).isAbsent, "\(line)")
        }
    }

    @Test("a key's own terms count: its end, its addresses, its scopes and its plan")
    func terms() throws {
        var key = ConsumerDirectory.Key(hash: "sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873")
        key.addresses = [try NetworkRange("192.0.2.0/24"), try NetworkRange("2001:db8::/32")]
        key.scopes = ["orders.read"]
        key.plan = "trial"
        func result(_ key: ConsumerDirectory.Key, from address: String) throws -> AuthenticationResult {
            let directory = try ConsumerDirectory([
                .init(id: "acme", plan: "gold", scopes: ["users.read"], keys: [key])
            ])
            let authenticator = try APIKeyAuthenticator(source: .header("X-API-Key"), consumers: directory)
            let test = try TestExchange.with("X-API-Key: demo-key-acme", peer: address)
            test.exchange.clientAddress.append(address)
            return authenticator.authenticate(test.exchange)
        }
        for address in ["192.0.2.7", "2001:db8::7"] {
            let identity = try #require(try result(key, from: address).identity)
            #expect(identity.scopes == ["orders.read"] && identity.plan == "trial" && identity.consumer == "acme")
        }
        for address in ["192.0.3.7", "2001:db9::7", "unix"] {
            #expect(try result(key, from: address).reply?.status == 403, "\(address)")
        }
        key.addresses = []
        key.expires = WallClock.seconds() + 100
        #expect(try result(key, from: "192.0.3.7").identity != nil)
        key.expires = WallClock.seconds()
        let reply = try #require(try result(key, from: "192.0.3.7").reply)
        #expect(reply.status == 401 && reply.text.contains("expired"))
    }

    @Test("a key elsewhere is none")
    func absent() throws {
        let header = try APIKeyAuthenticator(source: .header("X-API-Key"), consumers: consumers)
        let query = try APIKeyAuthenticator(source: .query("key"), consumers: consumers)
        let test = try TestExchange(["GET /?keys=demo-key-acme HTTP/1.1", "Host: h", "X-Key: demo-key-acme"])
        #expect(header.authenticate(test.exchange).isAbsent)
        #expect(query.authenticate(test.exchange).isAbsent)
    }

    @Test("an unknown or empty key is refused, and the challenge says where a key goes")
    func unknown() throws {
        let authenticator = try APIKeyAuthenticator(source: .header("X-API-Key"), consumers: consumers)
        for key in ["demo-key-acm", "demo-key-acmee", ""] {
            let test = try TestExchange.with("X-API-Key: \(key)")
            let reply = try #require(authenticator.authenticate(test.exchange).reply)
            #expect(reply.status == 401)
            #expect(reply.fieldLines == [#"WWW-Authenticate: ApiKey realm="sluice", header="X-API-Key""#])
        }
    }

    @Test("a hash that two consumers have, or that is malformed, is an error")
    func badHashes() {
        let hash = "sha256:8649cdebee753898fd50e01408a9e438aa5090249bc3e51b65f33dce973b0873"
        #expect(throws: CredentialError.self) {
            try ConsumerDirectory([
                .init(id: "a", plan: nil, scopes: [], keyHashes: [hash]),
                .init(id: "b", plan: nil, scopes: [], keyHashes: [hash]),
            ])
        }
        #expect(throws: CredentialError.self) {
            try ConsumerDirectory([.init(id: "a", plan: nil, scopes: [], keyHashes: ["sha256:12"])])
        }
    }
}
