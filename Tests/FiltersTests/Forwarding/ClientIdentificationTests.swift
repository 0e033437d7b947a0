import GatewayCore
import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("Who a client is")
struct ClientIdentificationTests {
    private let clients: ClientIdentification

    init() throws {
        clients = ClientIdentification(trusted: try ["10.0.0.0/8", "2001:db8::/32"].map { try NetworkRange($0) })
    }

    private func address(_ test: TestExchange) -> String {
        test.exchange.peer.isTrusted = clients.isTrusted(test.exchange.peer)
        var generator = IdentifierGenerator()
        clients.identify(test.exchange, &generator)
        return test.exchange.clientAddress.bytes.text
    }

    @Test(
        "proxies are trusted by their network",
        arguments: [
            ("10.1.2.3", true), ("2001:db8::7", true), ("::ffff:10.1.2.3", true), ("192.0.2.1", false),
            ("unix", false),
        ])
    func trust(peer: String, isTrusted: Bool) {
        #expect(clients.isTrusted(Peer(address: peer)) == isTrusted)
    }

    @Test("nobody is trusted unless somebody is configured")
    func nobody() {
        #expect(!ClientIdentification(trusted: []).isTrusted(Peer(address: "127.0.0.1")))
    }

    @Test("a stranger is its own address, whatever it says")
    func stranger() throws {
        #expect(address(try .with("X-Forwarded-For: 203.0.113.9", peer: "192.0.2.1")) == "192.0.2.1")
    }

    @Test(
        "behind trusted proxies it is the last address that is none of them",
        arguments: [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, 10.0.0.2, 10.0.0.3", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9", "203.0.113.9"),
            ("1.1.1.1, 203.0.113.9,10.0.0.2", "203.0.113.9"),
            ("10.0.0.9, 10.0.0.2", "10.0.0.9"),
            ("2001:db9::1, 2001:db8::2", "2001:db9::1"),
            (" , 203.0.113.9 ,", "203.0.113.9"),
            ("unknown", "10.0.0.1"),
            ("203.0.113.9, unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
        ])
    func chain(list: String, client: String) throws {
        #expect(address(try .with("X-Forwarded-For: \(list)", peer: "10.0.0.1")) == client)
    }

    @Test("a line that the proxy added counts before one that its client made up")
    func severalLines() throws {
        let test = try TestExchange.with(
            "X-Forwarded-For: 1.1.1.1", "X-Forwarded-For: 203.0.113.9", peer: "10.0.0.1")
        #expect(address(test) == "203.0.113.9")
    }

    @Test("a trusted proxy without X-Forwarded-For is the client itself")
    func proxyAsClient() throws {
        #expect(address(try .with(peer: "10.0.0.1")) == "10.0.0.1")
    }

    @Test(
        "an id is kept from a trusted proxy if it is harmless",
        arguments: [
            ("5f0c-1", true), ("a/b+c=d:e_f.g~h", true), (String(repeating: "x", count: 128), true),
            (String(repeating: "x", count: 129), false), ("", false), ("a b", false), (#"a"b"#, false),
            ("a,b", false), ("ä", false), ("<a>", false), ("a\\b", false),
        ])
    func ids(id: String, isKept: Bool) throws {
        let test = try TestExchange.with("X-Request-ID: \(id)", peer: "10.0.0.1")
        _ = address(test)
        let given = test.exchange.requestID.bytes.text
        #expect((given == id) == isKept)
        #expect(isKept || given.count == 32)
    }

    @Test("a stranger's id is replaced")
    func strangersID() throws {
        let test = try TestExchange.with("X-Request-ID: mine")
        _ = address(test)
        #expect(test.exchange.requestID.bytes.text.count == 32)
    }

    @Test("generated ids differ")
    func generated() {
        var generator = IdentifierGenerator()
        let ids = (0..<1000).map { _ in
            let id = ByteBuilder()
            generator.append(to: id)
            return id.bytes.text
        }
        #expect(Set(ids).count == 1000)
    }
}
