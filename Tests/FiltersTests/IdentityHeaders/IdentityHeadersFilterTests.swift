import GatewayCore
import HTTPWire
import JSON
import Testing

@testable import Filters

@Suite("What upstreams are told of the caller")
struct IdentityHeadersFilterTests {
    private static func filter(_ fields: KeyValuePairs<String, String>) throws -> IdentityHeadersFilter {
        IdentityHeadersFilter(
            try fields.map { .init(name: $0.key, value: try #require(IdentityTemplate($0.value), "\($0.value)")) })
    }

    private static func identity(_ claims: String, plan: String? = nil) throws -> Identity {
        let object = try #require(try JSONReader.read(Array(claims.utf8)).object)
        return Identity(consumer: "acme", plan: plan, scopes: ["a", "b"], roles: ["r", "s"], claims: object)
    }

    private static func dropped(_ test: TestExchange) -> [String] {
        let fields = test.exchange.request.fields
        return (0..<fields.count).filter { fields.slots[$0].isDropped }.map { fields.name($0).text }
    }

    @Test("claims, consumer, scopes and roles, alone and within text")
    func fields() throws {
        let filter = try Self.filter([
            "X-User": "{claims.sub}", "X-Who": "id={consumer.id}; plan={consumer.plan}", "X-Scopes": "{scopes}",
            "X-Roles": "{roles}", "X-Groups": "{claims.groups}", "X-City": "{claims.address.city}",
            "X-Object": "{claims.address}", "X-None": "{claims.none}",
        ])
        let test = try TestExchange()
        test.exchange.identity = try Self.identity(
            #"{"sub":"alice","groups":["x",7,true],"address":{"city":"Köln"}}"#, plan: "gold")
        #expect(filter.apply(test.exchange).isProceed)
        #expect(
            test.requestLines == [
                "X-User: alice", "X-Who: id=acme; plan=gold", "X-Scopes: a b", "X-Roles: r,s", "X-Groups: x,7,true",
                "X-City: Köln", #"X-Object: {"city":"Köln"}"#,
            ])
    }

    @Test("the client's own lines never pass, however they are spelled, and whoever the client is")
    func clientsOwn() throws {
        let filter = try Self.filter(["X-User-Id": "{claims.sub}"])
        let spellings = [
            "X-User-Id: e", "x-user-id: e", "X_User_Id: e", "X-User_ID: e", "x.user-id: e", "X-User-Id-2: f",
        ]
        for identity in [nil, try Self.identity(#"{"sub":"alice"}"#), try Self.identity("{}")] {
            let test = try TestExchange(["GET / HTTP/1.1", "Host: a"] + spellings)
            test.exchange.identity = identity
            #expect(filter.apply(test.exchange).isProceed)
            #expect(Self.dropped(test) == ["X-User-Id", "x-user-id", "X_User_Id", "X-User_ID", "x.user-id"])
            #expect(test.requestLines == (identity?.claimText("sub") == nil ? [] : ["X-User-Id: alice"]))
        }
    }

    @Test(
        "a claim that could end its line, or be read as another, lets nobody in",
        arguments: [#"a\r\nX-Admin: 1"#, #"a\nb"#, #"a\u0000"#, #"\u007f"#, " admin", "admin ", #"\t"#])
    func injection(value: String) throws {
        let filter = try Self.filter(["X-User": "{claims.sub}"])
        let test = try TestExchange()
        test.exchange.identity = try Self.identity("{\"sub\":\"\(value)\"}")
        #expect(filter.apply(test.exchange).reply?.status == 403)
        #expect(test.requestLines.isEmpty)
    }

    @Test(
        "what is no template is none",
        arguments: ["", "{", "}", "{}", "{claims.}", "{claims.a", "{other}", "a}b", "{consumer}"])
    func templates(text: String) {
        #expect(IdentityTemplate(text) == nil)
    }
}
