import Policies
import Testing

@Suite("address rules")
struct AddressRulesTests {
    @Test(
        "what is denied is out, also where it is allowed; without a list of allowed ones all others are in",
        arguments: [
            (["10.0.0.0/8"], [], "10.1.2.3", true), (["10.0.0.0/8"], [], "11.1.2.3", false),
            (["10.0.0.0/8"], ["10.0.0.0/24"], "10.0.0.9", false), ([], ["10.0.0.0/24"], "10.0.1.9", true),
            (["fd00::/8"], [], "fd00::1", true), (["fd00::/8"], [], "10.0.0.1", false),
            (["10.0.0.0/8"], [], "::ffff:10.0.0.1", true), (["::/0"], [], "10.0.0.1", false),
        ])
    func table(allowed: [String], denied: [String], address: String, isIn: Bool) throws {
        let rules = AddressRules(
            allowed: try allowed.map { try NetworkRange($0) }, denied: try denied.map { try NetworkRange($0) })
        #expect(rules.admit(IPAddress(address)) == isIn)
    }

    @Test("a client without an address is in only where all may come")
    func none() throws {
        #expect(AddressRules(denied: [try NetworkRange("10.0.0.0/8")]).admit(nil))
        #expect(!AddressRules(allowed: [try NetworkRange("10.0.0.0/8")]).admit(nil))
    }
}
