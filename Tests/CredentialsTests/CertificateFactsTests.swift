import TestSupport
import Testing

@testable import Credentials

@Suite("What a certificate says")
struct CertificateFactsTests {
    @Test(
        "a name in a name is not taken for one of its own",
        arguments: [
            ("CN=a,O=b", "a"), ("O=x\\,CN=admin,CN=eve", "eve"), ("O=x+CN=a", "a"), (#"CN=a\2Cb\,c\\"#, #"a,b,c\"#),
            ("O=CN=a", nil), ("CN=", ""), ("", nil),
        ])
    func commonNames(text: String, name: String?) {
        #expect(DistinguishedName.value(of: "CN", in: text) == name)
    }

    @Test("its names are read, in words that no field can be broken by")
    func names() async throws {
        let files = try await TestCertificates(for: [
            "DNS:A.test", "DNS:*.b.test", "IP:192.0.2.1", "IP:2001:db8::1", "URI:spiffe://x/y", "email:a@b.test",
        ])
        let facts = try CertificateFacts(pem: files.bytes(files.serverCertificate))
        #expect(facts.subject == "CN=server" && facts.commonName == "server")
        #expect(facts.hostNames == ["a.test", "*.b.test"])
        #expect(
            facts.names == ["A.test", "*.b.test", "192.0.2.1", "2001:db8:0:0:0:0:0:1", "spiffe://x/y", "a@b.test"])
        let authority = try CertificateFacts(pem: files.bytes(files.ca))
        #expect(authority.hostNames == ["test ca"], "without alternative names the common name counts")
    }

    @Test("what is no certificate is refused")
    func damaged() {
        #expect(throws: CredentialError.self) { try CertificateFacts(der: [0x30, 0x03, 1, 2, 3]) }
        #expect(throws: CredentialError.self) { try CertificateFacts(der: []) }
        #expect(throws: CredentialError.self) { try CertificateFacts(pem: Array("x".utf8)) }
    }
}
