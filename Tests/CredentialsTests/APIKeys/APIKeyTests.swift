import Testing

@testable import Credentials

@Suite("Keys that sluice makes")
struct APIKeyTests {
    private func isPlausible(_ key: String) throws -> Bool {
        let hasher = try SHA256Hasher()
        return Array(key.utf8).withUnsafeBytes { APIKey.isPlausible($0, using: hasher) }
    }

    @Test("they have the prefix, letters and digits, and none is made twice")
    func form() throws {
        let keys = try (0..<200).map { _ in try APIKey.make() }
        #expect(Set(keys).count == keys.count)
        for key in keys {
            #expect(key.wholeMatch(of: /sluice_[0-9A-Za-z]{46}/) != nil, "\(key)")
            #expect(try isPlausible(key))
        }
    }

    @Test("a mistyped one can't be a key; one of another form can")
    func checksum() throws {
        let key = try APIKey.make()
        for place in [8, 20, 40, 50] {
            var letters = Array(key)
            letters[place] = letters[place] == "a" ? "b" : "a"
            #expect(try !isPlausible(String(letters)))
        }
        #expect(try !isPlausible(String(key.dropLast())))
        #expect(try !isPlausible("sluice_"))
        for other in ["", "demo-key-acme", "sk_live_123", "sluice"] { #expect(try isPlausible(other)) }
    }
}
