import GatewayCore
import HTTPWire
import JSON
import Testing

@testable import Filters

@Suite("Whose tokens a request takes")
struct LimitSubjectTests {
    private func subject(_ subject: LimitSubject, of test: TestExchange) -> [String] {
        test.exchange.clientAddress.append("203.0.113.9")
        var texts: [String] = []
        subject.withBytes(of: test.exchange) { texts.append($0.text) }
        return texts
    }

    @Test("a consumer is its id; someone anonymous is an address, marked as one")
    func consumer() throws {
        let test = try TestExchange()
        test.exchange.identity = Identity(consumer: "acme")
        #expect(subject(.consumer, of: test) == ["acme"])
        #expect(subject(.consumer, of: try TestExchange()) == ["ip:203.0.113.9"])
    }

    @Test(
        "no consumer's id can be taken for an address, nor for another id",
        arguments: [
            ("ip:203.0.113.9", "id:ip:203.0.113.9"), ("id:acme", "id:id:acme"), ("ip", "ip"), ("IP:1", "IP:1"),
            ("id:", "id:id:"), ("", ""), ("user:7", "user:7"),
        ])
    func disguise(id: String, expected: String) throws {
        let test = try TestExchange()
        test.exchange.identity = Identity(consumer: id)
        #expect(subject(.consumer, of: test) == [expected])
    }

    @Test("a route is one bucket for all, an address one for each")
    func routeAndAddress() throws {
        #expect(subject(.route, of: try TestExchange()) == ["all"])
        #expect(subject(.address, of: try TestExchange()) == ["203.0.113.9"])
    }

    @Test("requests without the header, or with an empty one, share one bucket")
    func header() throws {
        let tenant = LimitSubject.header(Array("x-tenant".utf8))
        #expect(subject(tenant, of: try .with("X-Tenant: t1", "x-tenant: t2")) == ["t1"])
        #expect(subject(tenant, of: try .with("X-Tenant:")) == ["(none)"])
        #expect(subject(tenant, of: try TestExchange()) == ["(none)"])
    }

    @Test("requests without the claim share one bucket, whoever they come from")
    func claim() throws {
        let test = try TestExchange()
        test.exchange.identity = Identity(
            consumer: "acme", claims: try #require(JSONObject([.init("tenant", .string("t1"))])))
        #expect(subject(.claim("tenant"), of: test) == ["t1"])
        let other = try TestExchange()
        other.exchange.identity = Identity(consumer: "acme")
        #expect(subject(.claim("tenant"), of: other) == ["(none)"])
        #expect(subject(.claim("tenant"), of: try TestExchange()) == ["(none)"])
    }
}
