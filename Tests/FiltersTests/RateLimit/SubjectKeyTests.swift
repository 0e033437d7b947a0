import HTTPWire
import Testing

@testable import Filters

@Suite("Subjects as parts of Redis keys")
struct SubjectKeyTests {
    private func key(_ subject: String) -> String {
        let key = ByteBuilder()
        key.append("p:")
        withBytes(subject) { SubjectKey().append($0, to: key) }
        return String(key.bytes.text.dropFirst(2))
    }

    @Test(
        "harmless ones stay as they are, what could upset a key or a terminal is percent-encoded",
        arguments: [
            ("acme", "acme"), ("a.b-c_d/e:f@g", "a.b-c_d/e:f@g"), ("2001:db8::1", "2001:db8::1"), ("", ""),
            ("a{b}c", "a%7Bb%7Dc"), ("a b", "a%20b"), ("a%20b", "a%2520b"), ("\u{1B}[0m", "%1B%5B0m"),
            ("é", "%C3%A9"), ("a\r\nb", "a%0D%0Ab"), ("(none)", "%28none%29"), ("a~b", "a%7Eb"),
        ])
    func escaping(subject: String, expected: String) {
        #expect(key(subject) == expected)
    }

    @Test("up to 128 bytes are kept whole; longer ones are cut, and end in half of their SHA-256")
    func length() {
        let fitting = String(repeating: "x", count: 128)
        #expect(key(fitting) == fitting)
        // printf 'x%.0s' {1..129} | sha256sum
        #expect(key(fitting + "x") == String(repeating: "x", count: 64) + "~0ec9eb33e74510bcdd1f2ea55206e82f")
    }

    @Test("a policy's name is escaped likewise, and its colons too, so that the first colon of a key ends it")
    func policyName() {
        #expect(
            String(decoding: SubjectKey.escaped(policy: "route.claim-a:b}"), as: UTF8.self) == "route.claim-a%3Ab%7D")
    }

    @Test("long ones that differ anywhere have different keys")
    func difference() {
        let base = Array(repeating: Character("x"), count: 2000)
        var keys: Set<String> = [key(String(base))]
        for index in stride(from: 0, to: 2000, by: 50) {
            var other = base
            other[index] = "y"
            keys.insert(key(String(other)))
        }
        keys.insert(key(String(base + ["x"])))
        #expect(keys.count == 42)
    }

    @Test("no subject can be written so that it looks like the key of a long one")
    func forgery() {
        let cut = key(String(repeating: "x", count: 500))
        #expect(key(cut) != cut)
    }
}
