import RedisClient
import Testing

@Suite("redis:// URLs")
struct RedisSettingsTests {
    @Test("hosts, ports, users, passwords and databases")
    func parts() throws {
        let plain = try RedisSettings(url: "redis://cache")
        #expect(plain.host == "cache" && plain.port == 6379 && plain.database == 0 && plain.password == nil)
        let full = try RedisSettings(url: "redis://us%40er:p%2Fa:s/s@10.0.0.1:7000/3")
        #expect(full.username == "us@er" && full.password == "p/a:s/s")
        #expect(full.host == "10.0.0.1" && full.port == 7000 && full.database == 3)
        let passwordOnly = try RedisSettings(url: "redis://:secret@h/")
        #expect(passwordOnly.username == nil && passwordOnly.password == "secret" && passwordOnly.database == 0)
        let v6 = try RedisSettings(url: "redis://[::1]:7001/0")
        #expect(v6.host == "::1" && v6.port == 7001)
        #expect(try RedisSettings(url: "redis://[::1]").host == "::1")
    }

    @Test(
        "what is none is refused with a reason",
        arguments: [
            "", "localhost:6379", "http://h", "redis://", "redis://h:0", "redis://h:70000", "redis://h:x",
            "redis://h/one",
            "redis://h/-1", "redis://secret@h", "redis://:%zz@h", "redis://:%2@h", "redis://:6379",
        ])
    func refused(url: String) {
        #expect(throws: RedisSettings.MalformedURL.self) { try RedisSettings(url: url) }
    }
}
