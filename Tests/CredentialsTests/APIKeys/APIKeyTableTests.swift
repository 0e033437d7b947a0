import Testing

@testable import Credentials

@Suite("API keys")
struct APIKeyTableTests {
    @Test("each key finds its consumer, and no other key finds any")
    func lookups() throws {
        let hasher = try SHA256Hasher()
        let entries = try (0..<1000).map { number in
            APIKeyTable.Entry(hash: try APIKeyTable.hash(ofKey: bytes("key-\(number)")), consumer: number / 2)
        }
        let table = try APIKeyTable(entries)
        #expect(table.count == 1000)
        for number in 0..<1000 {
            #expect(lookUp("key-\(number)", in: table, hasher) == number / 2)
            #expect(lookUp("key-\(number + 1000)", in: table, hasher) == nil)
        }
        #expect(lookUp("", in: table, hasher) == nil)
        #expect(lookUp(String(repeating: "k", count: 5000), in: table, hasher) == nil)
        #expect(lookUp(entries[0].hash, in: table, hasher) == nil)
    }

    @Test("an empty table finds nothing")
    func emptyTable() throws {
        #expect(lookUp("key", in: try APIKeyTable([]), try SHA256Hasher()) == nil)
    }

    @Test("the hash is the one that sha256sum prints")
    func hash() throws {
        #expect(
            try APIKeyTable.hash(ofKey: bytes("abc"))
                == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(
        "a hash of another form is refused",
        arguments: ["", "abc", "sha256:", "sha256:00", "md5:" + String(repeating: "0", count: 64)])
    func malformedHash(hash: String) {
        #expect(throws: CredentialError.self) { try APIKeyTable([.init(hash: hash, consumer: 0)]) }
    }

    @Test("one key can't belong to two consumers")
    func duplicates() throws {
        let hash = try APIKeyTable.hash(ofKey: bytes("key"))
        #expect(throws: CredentialError.self) {
            try APIKeyTable([.init(hash: hash, consumer: 0), .init(hash: hash, consumer: 1)])
        }
    }

    private func lookUp(_ key: String, in table: APIKeyTable, _ hasher: SHA256Hasher) -> Int? {
        bytes(key).withUnsafeBytes { table.consumer(ofKey: $0, using: hasher) }
    }
}
