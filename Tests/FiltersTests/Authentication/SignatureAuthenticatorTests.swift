import Credentials
import GatewayCore
import NIOCore
import Testing

@testable import Filters

/// The request of RFC 9421 appendix B.2 and its signatures, by the public keys of appendix B.1.
@Suite("Signed requests (RFC 9421)")
struct SignatureAuthenticatorTests {
    private static let digest =
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"

    private static let rsa = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2
        +QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+
        oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq
        gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W
        Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4
        aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI
        2wIDAQAB
        -----END PUBLIC KEY-----
        """
    private static let ed25519 = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=
        -----END PUBLIC KEY-----
        """
    private static let secret =
        "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="

    private static let vectors: [(input: String, signature: String)] = [
        (
            #"sig-b21=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#,
            "sig-b21=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:"
        ),
        (
            #"sig-b22=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#,
            "sig-b22=:LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"
        ),
        (
            #"sig-b23=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#,
            "sig-b23=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:"
        ),
        (
            #"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#,
            "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:"
        ),
        (
            #"sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#,
            "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"
        ),
    ]

    private static func keys() throws -> [SignatureAuthenticator.Key] {
        let secret = try #require(Base64.decode(Array(Self.secret.utf8)))
        return [
            .init(
                id: "test-key-rsa-pss", key: try .publicKey(pem: Array(rsa.utf8)), algorithm: .rsaPSS,
                identity: Identity(consumer: "rsa")),
            .init(
                id: "test-shared-secret", key: try .secret(secret), algorithm: .hmacSHA256,
                identity: Identity(consumer: "hmac")),
            .init(
                id: "test-key-ed25519", key: try .publicKey(pem: Array(ed25519.utf8)), algorithm: .ed25519,
                identity: Identity(consumer: "ed")),
        ]
    }

    private static let ever = 10_000_000_000

    private static func authenticator(
        components: [String] = [], age: Int = ever, nonces: SignatureAuthenticator.NonceRule = .checked,
        memory: InMemoryNonces = InMemoryNonces()
    ) throws -> SignatureAuthenticator {
        try SignatureAuthenticator(
            .init(
                name: "signed", keys: try keys(), components: components, maximumAgeSeconds: age, leewaySeconds: 30,
                nonces: nonces), nonces: LocalNonces(memory))
    }

    private static func request(
        _ input: String, _ signature: String, target: String = "/foo?param=Value&Pet=dog", method: String = "POST",
        host: String = "example.com", type: String = "application/json"
    ) throws -> TestExchange {
        try TestExchange([
            "\(method) \(target) HTTP/1.1", "Host: \(host)", "Date: Tue, 20 Apr 2021 02:07:55 GMT",
            "Content-Type: \(type)", "Content-Digest: \(digest)", "Content-Length: 18", "Signature-Input: \(input)",
            "Signature: \(signature)",
        ])
    }

    private static func outcome(_ authenticator: SignatureAuthenticator, _ test: TestExchange) -> AuthenticationResult {
        var result = authenticator.authenticate(test.exchange)
        if case .later(let question) = result { question { result = $0 } }
        return result
    }

    @Test("the examples of RFC 9421 appendix B.2 verify", arguments: 0..<5)
    func examples(index: Int) throws {
        let vector = Self.vectors[index]
        let result = Self.outcome(try Self.authenticator(), try Self.request(vector.input, vector.signature))
        #expect(result.identity?.consumer == ["rsa", "rsa", "rsa", "hmac", "ed"][index], "\(result)")
    }

    @Test("whatever is covered can't be changed")
    func changed() throws {
        let full = Self.vectors[2]
        let authenticator = try Self.authenticator()
        let changed = [
            try Self.request(full.input, full.signature, target: "/foo?param=Value&Pet=cat"),
            try Self.request(full.input, full.signature, target: "/fox?param=Value&Pet=dog"),
            try Self.request(full.input, full.signature, method: "PUT"),
            try Self.request(full.input, full.signature, host: "example.org"),
            try Self.request(full.input, full.signature, type: "text/plain"),
            try Self.request(full.input.replacing("1618884473", with: "1618884474"), full.signature),
            try Self.request(full.input.replacing("\"@method\" ", with: ""), full.signature),
            try Self.request(Self.vectors[1].input, Self.vectors[1].signature, target: "/foo?Pet=dog&Pet=dog"),
        ]
        for test in changed { #expect(Self.outcome(authenticator, test).reply?.status == 401) }
    }

    @Test(
        "what is no signature of ours is refused, and no field at all is none",
        arguments: [
            ("sig=(\"@method\");created=1618884473;keyid=\"other\"", "sig=:AAAA:"),
            ("sig=(\"@method\");created=1618884473", "sig=:AAAA:"), ("sig=1", "sig=:AAAA:"),
            ("sig=(\"@method\");created=1618884473;keyid=\"test-shared-secret\"", "other=:AAAA:"),
            ("sig=(\"@method\");created=1618884473;keyid=\"test-shared-secret\"", "sig=\"text\""),
            ("sig=(\"@method\");created=1618884473;keyid=\"test-shared-secret\"", "sig=:A:"),
            ("sig=(\"@method\");created=1618884473;keyid=\"test-shared-secret\"", "sig=::"),
            ("sig=(\"@method\");keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"@status\");created=1618884473;keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"absent\");created=1618884473;keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"date\" \"date\");created=1618884473;keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"date\";sf);created=1618884473;keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"@method\");created=\"x\";keyid=\"test-shared-secret\"", "sig=:AAAA:"),
            ("sig=(\"@method\");created=1618884473;keyid=\"test-shared-secret\";alg=\"ed25519\"", "sig=:AAAA:"),
            ("sig=(\"@method\"", "sig=:AAAA:"), ("", ""), ("sig=(), sig=()", "sig=:AAAA:"),
        ])
    func malformed(input: String, signature: String) throws {
        let result = Self.outcome(try Self.authenticator(), try Self.request(input, signature))
        #expect(result.reply?.status == 401)
        #expect(result.reply?.fieldLines == ["WWW-Authenticate: Signature"])
        #expect(Self.outcome(try Self.authenticator(), try TestExchange()).isAbsent)
    }

    @Test("a signature is good for a while, and has to cover what is asked for")
    func terms() throws {
        let full = Self.vectors[2]
        func status(_ authenticator: SignatureAuthenticator) throws -> Int? {
            Self.outcome(authenticator, try Self.request(full.input, full.signature)).reply?.status
        }
        #expect(try status(try Self.authenticator(age: 300)) == 401)
        #expect(
            try status(try Self.authenticator(components: ["@method", "@path", "@query", "content-digest"])) == nil)
        #expect(try status(try Self.authenticator(components: ["@target-uri"])) == 401)
        #expect(try status(try Self.authenticator(components: ["x-tenant"])) == 401)
        #expect(try status(try Self.authenticator(nonces: .required)) == 401)
        let hmac = Self.vectors[3]
        let result = Self.outcome(
            try Self.authenticator(components: ["content-digest"]), try Self.request(hmac.input, hmac.signature))
        #expect(result.reply?.status == 401, "there is content, and its digest is not covered")
    }

    @Test("a nonce is good once, and of one authenticator and key")
    func nonces() throws {
        let memory = InMemoryNonces()
        let minimal = Self.vectors[0]
        func status() throws -> Int? {
            Self.outcome(
                try Self.authenticator(nonces: .required, memory: memory),
                try Self.request(minimal.input, minimal.signature)
            ).reply?.status
        }
        #expect(try status() == nil)
        #expect(try status() == 401)
    }

    @Test("no more nonces than fit are taken, and ended ones make room")
    func nonceMemory() throws {
        let memory = InMemoryNonces(capacity: 2)
        let hasher = try SHA256Hasher()
        let (one, two, three) = (hasher.digest([1]), hasher.digest([2]), hasher.digest([3]))
        #expect(memory.use(one, forSeconds: 10, now: 0) == .first)
        #expect(memory.use(two, forSeconds: 20, now: 0) == .first)
        #expect(memory.use(three, forSeconds: 10, now: 5) == .unknown)
        #expect(memory.use(one, forSeconds: 10, now: 9) == .repeated)
        #expect(memory.use(three, forSeconds: 10, now: 10) == .first)
        #expect(memory.use(two, forSeconds: 10, now: 19) == .repeated)
    }

    @Test("content is judged by its digest while it passes, and its end is held back if it is another")
    func content() throws {
        for (parts, isRight) in [([#"{"hello": "#, #""world"}"#], true), ([#"{"hello": "#, #""other"}"#], false)] {
            let full = Self.vectors[2]
            let test = try Self.request(full.input, full.signature)
            #expect(Self.outcome(try Self.authenticator(), test).identity != nil)
            let check = try #require(test.exchange.bodyCheck)
            #expect(check.refusal(of: ByteBuffer(string: parts[0]), isEnd: false) == nil)
            #expect((check.refusal(of: ByteBuffer(string: parts[1]), isEnd: true) == nil) == isRight)
        }
        #expect(ContentDigestCheck(Array("md5=:AAAA:".utf8)) == nil)
        #expect(ContentDigestCheck(Array("sha-256=1".utf8)) == nil)
        let nothing = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
        #expect(ContentDigestCheck(Array(nothing.utf8))?.isRightForNothing == true)
    }
}
