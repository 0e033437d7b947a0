import JSON
import Testing

@testable import Credentials

@Suite("Verified token cache")
struct VerifiedTokenCacheTests {
    private let signer: JWTSigner
    private let verifier: JWTVerifier

    init() throws {
        signer = try JWTSigner(secret: TestKeys.secret)
        verifier = try JWTVerifier(.init(algorithms: [.hs256], keys: [.secret(TestKeys.secret)], leewaySeconds: 5))
    }

    @Test("a token shown again is remembered as the same object")
    func remembers() throws {
        let cache = try VerifiedTokenCache(verifier: verifier)
        let token = try makeToken("a", expiry: 1000)
        let first = try #require(verify(token, cache, now: 1).token)
        let second = try #require(verify(token, cache, now: 2).token)
        #expect(first === second)
        #expect((cache.hits, cache.misses) == (1, 1))
    }

    @Test("a remembered token still expires, and is not valid before its time")
    func judgesTimes() throws {
        let cache = try VerifiedTokenCache(verifier: verifier)
        let token = try makeToken("a", expiry: 1000, notBefore: 500)
        #expect(verify(token, cache, now: 600).token != nil)
        #expect(verify(token, cache, now: 1004).token != nil)
        #expect(verify(token, cache, now: 1005).failure == .expired)
        #expect(verify(token, cache, now: 100).failure == .notYetValid)
        #expect(cache.hits == 3)
    }

    @Test("refused tokens are not remembered, and near misses of a remembered one are refused")
    func refusals() throws {
        let cache = try VerifiedTokenCache(verifier: verifier)
        let token = try makeToken("a", expiry: 1000)
        #expect(verify(token, cache, now: 1).token != nil)
        for index in token.indices {
            var forged = token
            forged[index] ^= 1
            #expect(verify(forged, cache, now: 1).failure != nil)
            #expect(verify(forged, cache, now: 1).failure != nil)
        }
        #expect(cache.hits == 0)
        #expect(verify([UInt8](repeating: 0x41, count: 20_000), cache, now: 1).failure == .tooLarge)
    }

    @Test("it holds no more than its capacity, and gives the verdicts of its verifier throughout")
    func bounded() throws {
        let cache = try VerifiedTokenCache(verifier: verifier, capacity: 64)
        #expect(cache.capacity == 64)
        let tokens = try (0..<500).map { try makeToken("subject-\($0)", expiry: 1000) }
        for round in 0..<3 {
            for (number, token) in tokens.enumerated() {
                #expect(verify(token, cache, now: 1 + round).token?.subject == "subject-\(number)")
            }
        }
        #expect(cache.hits + cache.misses == 1500)
        #expect(cache.misses >= 500)
    }

    @Test("a token in steady use survives a stream of others")
    func keepsWhatIsUsed() throws {
        let cache = try VerifiedTokenCache(verifier: verifier, capacity: 8)
        let hot = try makeToken("hot", expiry: 1000)
        _ = verify(hot, cache, now: 1)
        for number in 0..<100 {
            _ = verify(try makeToken("cold-\(number)", expiry: 1000), cache, now: 1)
            _ = verify(hot, cache, now: 1)
        }
        #expect(cache.hits == 100)
    }

    private func makeToken(_ subject: String, expiry: Int, notBefore: Int = 0) throws -> [UInt8] {
        bytes(
            try signer.sign([
                .init("sub", .string(subject)), .init("exp", .number(JSONNumber(expiry))),
                .init("nbf", .number(JSONNumber(notBefore))),
            ]))
    }

    private func verify(_ token: [UInt8], _ cache: VerifiedTokenCache, now: Int) -> JWTVerdict {
        token.withUnsafeBytes { cache.verify($0, nowSeconds: now) }
    }
}
