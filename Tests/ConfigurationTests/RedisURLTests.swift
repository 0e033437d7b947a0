import Testing

@testable import Configuration

@Suite("URLs of Redis")
struct RedisURLTests {
    @Test("a single server, with defaults and with everything")
    func single() throws {
        let least = try RedisEndpoint(url: "redis://cache")
        #expect(least == RedisEndpoint(host: "cache"))
        #expect(least.description == "redis://cache:6379/0")
        let most = try RedisEndpoint(url: "rediss://us%40er:p%2Fa?s@[::1]:7000/3")
        #expect(most.user == "us@er" && most.password == Secret("p/a?s") && most.database == 3 && most.isEncrypted)
        #expect(most.description == "rediss://[::1]:7000/3")
        #expect(try RedisEndpoint(url: "REDIS://:pw@h/").password == Secret("pw"))
    }

    @Test("sentinels, with their own port, users and the name of the master")
    func sentinels() throws {
        let least = try RedisEndpoint(url: "redis+sentinel://h1,h2:1/mymaster")
        #expect(least.topology == .sentinel(master: "mymaster"))
        #expect(least.hosts == [.init(host: "h1", port: 26_379), .init(host: "h2", port: 1)])
        #expect(least.database == 0 && !least.isEncrypted && least.password == nil && least.sentinelPassword == nil)
        let most = try RedisEndpoint(
            url: "rediss+sentinel://u:p@h1,[::2]/my%20master/2?sentinel_user=w&sentinel_password=s%40s")
        #expect(most.topology == .sentinel(master: "my master") && most.database == 2 && most.isEncrypted)
        #expect(most.user == "u" && most.password == Secret("p"))
        #expect(most.sentinelUser == "w" && most.sentinelPassword == Secret("s@s"))
        #expect(most.hosts[1] == .init(host: "::2", port: 26_379))
        #expect(most.description == "rediss+sentinel://h1:26379,[::2]:26379/my master/2")
    }

    @Test("nodes of a cluster")
    func cluster() throws {
        let cluster = try RedisEndpoint(url: "redis+cluster://:p@h1,h2:7001/0")
        #expect(cluster.topology == .cluster && cluster.password == Secret("p"))
        #expect(cluster.hosts == [.init(host: "h1", port: 6379), .init(host: "h2", port: 7001)])
        #expect(try RedisEndpoint(url: "rediss+cluster://h").description == "rediss+cluster://h:6379")
    }

    @Test(
        "what is none is refused",
        arguments: [
            "", "h", "redis:", "redis:/h", "http://h", "redis+://h", "redis+other://h", "+cluster://h", "redisss://h",
            "redis+sentinel+cluster://h/m", "redis://", "redis://h:0", "redis://h:x", "redis://h:70000", "redis://:1",
            "redis://a,b", "redis://h/1/2", "redis://h/-1", "redis://h/65536", "redis://u@h", "redis://:%zz@h",
            "redis://h?sentinel_user=x", "redis://h ", "redis+sentinel://h", "redis+sentinel://h/",
            "redis+sentinel:///m",
            "redis+sentinel://h/m/x", "redis+sentinel://h/m/1/2", "redis+sentinel://h/m?sentinel_user=x",
            "redis+sentinel://h/m?sentinel_password", "redis+sentinel://h/m?other=x", "redis+cluster://",
            "redis+cluster://a,,b", "redis+cluster://a,b,", "redis+cluster://a/1", "redis+cluster://a/m",
        ])
    func refused(url: String) {
        #expect(throws: RedisURLProblem.self) { try RedisEndpoint(url: url) }
    }
}
