import Credentials
import Testing

@testable import Filters

@Suite("Memory of credentials")
struct CredentialMemoryTests {
    private let hasher: SHA256Hasher

    init() throws { hasher = try SHA256Hasher() }

    private func digest(_ number: Int) -> Digest { hasher.digest(Array("\(number)".utf8)) }

    @Test("what is remembered ends at its time")
    func ends() {
        let memory = CredentialMemory<Int>()
        memory.remember(7, of: digest(1), until: 10)
        #expect(memory.value(of: digest(1), now: 9) == 7 && memory.value(of: digest(2), now: 9) == nil)
        #expect(memory.value(of: digest(1), now: 10) == nil && memory.count == 0)
    }

    @Test("the oldest go when it is full, and what was renewed is not the oldest")
    func bounded() {
        let memory = CredentialMemory<Int>(capacity: 100)
        for number in 0..<100 { memory.remember(number, of: digest(number), until: 10) }
        memory.remember(-1, of: digest(0), until: 10)
        for number in 100..<150 { memory.remember(number, of: digest(number), until: 10) }
        #expect(memory.count <= 100)
        #expect(memory.value(of: digest(0), now: 0) == -1 && memory.value(of: digest(1), now: 0) == nil)
        for number in 1000..<100_000 { memory.remember(number, of: digest(number), until: 10) }
        #expect(memory.count == 100 && memory.value(of: digest(99_999), now: 0) == 99_999)
    }
}
