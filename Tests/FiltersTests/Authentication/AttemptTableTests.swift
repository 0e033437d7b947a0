import GatewayCore
import HTTPWire
import Policies
import Testing

@testable import Filters

@Suite("Addresses that fail to authenticate")
struct AttemptTableTests {
    private let limit = AttemptLimit(count: 2, periodMicroseconds: 60_000_000)

    private func exchange(_ address: String) throws -> Exchange {
        let exchange = try TestExchange().exchange
        exchange.clientAddress.append(address)
        return exchange
    }

    @Test("the table holds no more than its places, and keeps who has failed most")
    func bounds() {
        var table = AttemptTable(capacity: 64)
        var worst = AttemptLevel()
        for _ in 1...2 { worst.fail(now: 0, limit) }
        let address = IPAddress(v4: 0xC000_0201)
        table.set(address, worst, now: 0)
        for number in 0..<10_000 {
            var level = AttemptLevel()
            level.fail(now: 0, limit)
            table.set(IPAddress(v4: 0x0A00_0000 + UInt32(number)), level, now: 0)
        }
        #expect(table.level(address) == worst)
        #expect(table.level(IPAddress(v4: 0x0B00_0000)) == nil)
    }

    @Test("IPv6 addresses of one /64 are one, and the host's own are not counted by default")
    func subjects() throws {
        let failed = FailedAttempts(.init(limit: limit, exemptsLoopback: true))
        func wait(_ address: String) throws -> Int { failed.wait(try exchange(address), now: 0) }
        for address in ["2001:db8::1", "2001:db8::2", "127.0.0.1", "127.0.0.1", "::1", "::1", "unix", "unix"] {
            failed.count(try exchange(address), now: 0)
        }
        #expect(try wait("2001:db8::ffff:1") == 30_000_000)
        for address in ["2001:db8:0:1::1", "127.0.0.1", "::1", "unix"] { #expect(try wait(address) == 0, "\(address)") }
        let all = FailedAttempts(.init(limit: limit, exemptsLoopback: false))
        for _ in 1...2 { all.count(try exchange("127.0.0.1"), now: 0) }
        #expect(all.wait(try exchange("127.0.0.1"), now: 0) == 30_000_000)
        #expect(all.wait(try exchange("::ffff:127.0.0.1"), now: 0) == 30_000_000, "the same address")
    }

    @Test("an expired credential is no guess")
    func expired() throws {
        let guardian = AttemptGuard(FailedAttempts(.init(limit: limit, exemptsLoopback: false)))
        var expired = Reply.unauthorized("It has expired.", challenges: [])
        expired.isFailedAttempt = false
        for _ in 1...10 {
            let exchange = try exchange("192.0.2.1")
            guardian.begin(exchange)
            #expect(guardian.conclude(expired, exchange).status == 401)
        }
        for expected in [401, 401, 429, 429] {
            let exchange = try exchange("192.0.2.1")
            guardian.begin(exchange)
            #expect(guardian.conclude(.unauthorized("No.", challenges: []), exchange).status == expected)
        }
    }
}
