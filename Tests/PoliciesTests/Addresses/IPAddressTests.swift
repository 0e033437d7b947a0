import Policies
import Testing

@Suite struct IPAddressTests {
    @Test(
        "an address is read and written in its one spelling",
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"), ("::FFFF:c000:207", "192.0.2.7"), ("::", "::"), ("::1", "::1"),
            ("1::", "1::"),
            ("2001:DB8::0001", "2001:db8::1"), ("2001:db8:0:0:0:0:2:1", "2001:db8::2:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
            ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"), ("fe80::1:0", "fe80::1:0"), ("0:0:1::", "0:0:1::"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ])
    func spelling(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.00", "1..2.3", ".1.2.3",
            "1.2.3.4.",
            " 1.2.3.4", "1.2.3.4 ", "0x1.2.3.4", "1.2.3.-4", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
            ":1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:", "12345::", "g::", "::1%eth0", "[::1]", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::", "::1.2.3",
            "::1.2.3.4:5",
            "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "１.2.3.4", "1.2.3.4\u{0}",
        ])
    func malformed(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test("bytes of a socket address become the same value")
    func networkBytes() {
        #expect(IPAddress(networkBytes: [192, 0, 2, 7] as [UInt8]) == IPAddress("192.0.2.7"))
        #expect(IPAddress(networkBytes: [UInt8](repeating: 0, count: 15) + [1]) == IPAddress("::1"))
        #expect(IPAddress(networkBytes: [1, 2, 3] as [UInt8]) == nil)
        #expect(IPAddress("::ffff:1.2.3.4") == IPAddress("1.2.3.4"))
        #expect(IPAddress("::1.2.3.4")?.isIPv4 == false)
    }

    @Test("any address survives being written and read")
    func roundTrip() {
        var random = Seeded(seed: 9)
        for _ in 0..<5_000 {
            // Many zero groups, for those are what is shortened.
            let groups = (0..<8).map { _ in random.chance(50) ? 0 : UInt64(random.number(0...0xFFFF)) }
            let address = IPAddress(
                high: groups[0..<4].reduce(0) { $0 << 16 | $1 }, low: groups[4..<8].reduce(0) { $0 << 16 | $1 })
            #expect(IPAddress(address.description) == address, "\(address)")
            #expect(IPAddress(groups.map { String($0, radix: 16) }.joined(separator: ":")) == address)
            #expect(address.description.utf8.count <= IPAddress.longestDescription)
        }
    }

    @Test("garbage is refused or read, never a crash")
    func garbage() {
        var random = Seeded(seed: 10)
        for _ in 0..<20_000 {
            let text = String((0..<random.number(0...20)).map { _ in random.oneOf(Array("01a:.f%/")) })
            if let address = IPAddress(text) { #expect(IPAddress(address.description) == address) }
        }
    }
}
