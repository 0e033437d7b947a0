import Policies
import Testing

@Suite struct NetworkRangeTests {
    @Test(
        "a block contains what shares its prefix",
        arguments: [
            (
                "127.0.0.0/8", ["127.0.0.1", "127.255.255.255", "::ffff:127.0.0.1"],
                ["128.0.0.0", "126.255.255.255", "::1"]
            ),
            ("192.0.2.7", ["192.0.2.7"], ["192.0.2.6"]),
            ("192.0.2.6/31", ["192.0.2.6", "192.0.2.7"], ["192.0.2.8"]),
            ("0.0.0.0/0", ["1.2.3.4", "0.0.0.0"], ["::", "2001:db8::1"]),
            ("::/0", ["::", "2001:db8::1"], ["1.2.3.4"]),
            ("fd00::/8", ["fd00::1", "fdff::"], ["fe00::", "fc00::"]),
            ("2001:db8::/64", ["2001:db8::ffff:0:0:1"], ["2001:db8:0:1::"]),
            ("2001:db8::8000:0:0:0/65", ["2001:db8::8000:0:0:1"], ["2001:db8::7fff:0:0:1"]),
            ("::1", ["::1"], ["::2", "0.0.0.1"]),
            ("::ffff:10.0.0.0/104", ["10.9.9.9"], ["11.0.0.0"]),
        ])
    func contains(text: String, inside: [String], outside: [String]) throws {
        let range = try NetworkRange(text)
        for address in inside { #expect(IPAddress(address).map(range.contains) == true, "\(address)") }
        for address in outside { #expect(IPAddress(address).map(range.contains) == false, "\(address)") }
    }

    @Test(
        "a malformed block is refused with a reason that helps",
        arguments: [
            ("", "no IP address"), ("localhost", "no IP address"), ("/8", "no IP address"),
            ("10.0.0/8", "no IP address"),
            ("10.0.0.0/", "from 0 to 32"), ("10.0.0.0/33", "from 0 to 32"), ("10.0.0.0/08", "from 0 to 32"),
            ("10.0.0.0/-1", "from 0 to 32"), ("10.0.0.0/8/8", "from 0 to 32"), ("::/129", "from 0 to 128"),
            ("10.1.2.3/8", "write 10.0.0.0/8"), ("fd00::1/8", "write fd00::/8"), ("1.2.3.4/0", "write 0.0.0.0/0"),
        ])
    func malformed(text: String, hint: String) {
        let error = #expect(throws: NetworkRange.Malformed.self) { try NetworkRange(text) }
        #expect(error?.reason.contains(hint) == true, "\(error?.reason ?? "no reason")")
    }

    @Test("a block is written as it is configured")
    func description() throws {
        for text in ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "::/0"] {
            #expect(try NetworkRange(text).description == text)
        }
    }
}
