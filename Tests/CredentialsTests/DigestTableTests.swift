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
        func found(_ number: Int) -> Int? { table.find(digest(number)) }
        #expect(found(1) == nil)
        for number in 0..<200 { table.insert(number, for: digest(number)) }
        table.insert(-7, for: digest(7))
        #expect(table.count == 200)
        for number in 0..<200 { #expect(found(number) == (number == 7 ? -7 : number)) }
        #expect(found(200) == nil)
        table.remove(digest(7))
        table.remove(digest(7))
        #expect(table.count == 199)
        #expect(found(7) == nil)
        table.removeAll { $0.isMultiple(of: 2) }
        #expect(table.count == 99)
        #expect(found(8) == nil)
        #expect(found(9) == 9)
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
        for number in 0..<8 {
            let found = table.find(digest(number))
            #expect(found == number)
        }
    }
}
