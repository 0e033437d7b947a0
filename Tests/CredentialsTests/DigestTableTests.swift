import Testing

@testable import Credentials

@Suite("Tables of digests")
struct DigestTableTests {
    private let hasher: SHA256Hasher

    init() throws { hasher = try SHA256Hasher() }

    private func digest(_ number: Int) -> Digest { hasher.digest(Array("\(number)".utf8)) }

    @Test("what was put in is found, is replaced, and goes")
    func contents() {
        var table = DigestTable<Int>(capacity: 1024)
        #expect(table.find(digest(1)) == nil && table.count == 0)
        for number in 0..<200 { table.insert(number, for: digest(number)) }
        table.insert(-7, for: digest(7))
        #expect(table.count == 200)
        #expect((0..<200).allSatisfy { table.find(digest($0)) == ($0 == 7 ? -7 : $0) })
        #expect(table.find(digest(200)) == nil)
        table.remove(digest(7))
        table.remove(digest(7))
        #expect(table.find(digest(7)) == nil && table.count == 199)
        table.removeAll { $0.isMultiple(of: 2) }
        #expect(table.count == 99 && table.find(digest(8)) == nil && table.find(digest(9)) == 9)
    }

    @Test("it never holds more than its places, and what is used stays")
    func bounds() {
        var table = DigestTable<Int>(capacity: 64)
        #expect(table.capacity == 64)
        for number in 0..<8 { table.insert(number, for: digest(number)) }
        for number in 8..<10_000 {
            for used in 0..<8 { _ = table.find(digest(used)) }
            table.insert(number, for: digest(number))
        }
        #expect(table.count == 64)
        #expect((0..<8).allSatisfy { table.find(digest($0)) == $0 })
    }
}
