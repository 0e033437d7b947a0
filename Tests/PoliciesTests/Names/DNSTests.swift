import Testing

@testable import Policies

@Suite("Names")
struct DNSTests {
    /// An answer with a question and records that point to its name.
    private func answer(
        _ question: DNSQuestion, id: UInt16 = 7, flags: UInt16 = 0x8180,
        _ records: [(kind: UInt16, life: UInt32, data: [UInt8])]
    ) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xFF), UInt8(flags >> 8), UInt8(flags & 0xFF), 0, 1]
        bytes += [0, UInt8(records.count), 0, 0, 0, 0]
        let asked = question.message(id: id) ?? []
        bytes += asked[12..<asked.count - 11]
        for record in records {
            bytes += [0xC0, 12, UInt8(record.kind >> 8), UInt8(record.kind & 0xFF), 0, 1]
            bytes += (0..<4).map { UInt8(record.life >> UInt32(24 - 8 * $0) & 0xFF) }
            bytes += [UInt8(record.data.count >> 8), UInt8(record.data.count & 0xFF)] + record.data
        }
        return bytes
    }

    @Test("a question is a message of RFC 1035")
    func question() {
        let message = DNSQuestion("api.example", .aaaa).message(id: 0x1234)
        #expect(message?.prefix(12) == [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1])
        #expect(
            message?.dropFirst(12).prefix(17) == [3, 97, 112, 105, 7, 101, 120, 97, 109, 112, 108, 101, 0, 0, 28, 0, 1])
        #expect(DNSQuestion("api.example.", .a).message(id: 1) == DNSQuestion("api.example", .a).message(id: 1))
    }

    @Test(
        "a name that can't be asked for is not",
        arguments: ["", ".", "a..b", ".a", String(repeating: "a", count: 64), String(repeating: "ab.", count: 90)])
    func unaskable(_ name: String) {
        #expect(DNSQuestion(name, .a).message(id: 1) == nil)
    }

    @Test("addresses are read, with the shortest time to live on the way to them")
    func addresses() throws {
        let question = DNSQuestion("api.example", .a)
        let message = answer(question, [(5, 20, [1, 97, 0]), (1, 60, [10, 0, 0, 1]), (1, 30, [10, 0, 0, 2])])
        let read = try #require(DNSAnswer(message, to: question, id: 7))
        #expect(read.outcome == .found)
        #expect(read.addresses.map(\.description) == ["10.0.0.1", "10.0.0.2"])
        #expect(read.timeToLive == 20)
    }

    @Test("services are read")
    func services() throws {
        let question = DNSQuestion("_http._tcp.example", .srv)
        let message = answer(question, [(33, 5, [0, 1, 0, 2, 0x1F, 0x90, 1, 65, 0xC0, 12])])
        let read = try #require(DNSAnswer(message, to: question, id: 7))
        let service = DNSAnswer.Service(priority: 1, weight: 2, port: 8080, target: "a._http._tcp.example")
        #expect(read.services == [service] && read.timeToLive == 5)
    }

    @Test("a name that does not exist is told from a server that fails")
    func outcomes() {
        let question = DNSQuestion("api.example", .a)
        func outcome(_ flags: UInt16) -> DNSAnswer.Outcome? {
            DNSAnswer(answer(question, flags: flags, []), to: question, id: 7)?.outcome
        }
        #expect(outcome(0x8183) == DNSAnswer.Outcome.none)
        #expect(outcome(0x8180) == DNSAnswer.Outcome.none)
        #expect(outcome(0x8182) == .failed)
        #expect(outcome(0x8185) == .failed)
    }

    @Test("what answers another question, or none, is no answer")
    func others() {
        let question = DNSQuestion("api.example", .a)
        let message = answer(question, [(1, 60, [10, 0, 0, 1])])
        #expect(DNSAnswer(message, to: question, id: 8) == nil)
        #expect(DNSAnswer(message, to: DNSQuestion("b.example", .a), id: 7) == nil)
        #expect(DNSAnswer(message, to: DNSQuestion("api.example", .aaaa), id: 7) == nil)
        #expect(DNSAnswer(question.message(id: 7) ?? [], to: question, id: 7) == nil, "a question")
    }

    @Test("no datagram does harm: cut off anywhere, changed anywhere, or names that point at themselves")
    func hostile() {
        let question = DNSQuestion("_http._tcp.example", .srv)
        let message = answer(
            question, [(33, 5, [0, 1, 0, 2, 0x1F, 0x90, 1, 65, 0xC0, 12]), (33, 5, [0, 1, 0, 2, 1, 1, 0xC0, 60])])
        for length in message.indices { _ = DNSAnswer(Array(message.prefix(length)), to: question, id: 7) }
        var generator = BalanceGenerator(seed: 5)
        for _ in 0..<20_000 {
            var changed = message
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                changed[Int.random(in: 12..<changed.count, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            _ = DNSAnswer(changed, to: question, id: 7)
        }
        var loop = message
        loop[12] = 0xC0
        loop[13] = 12
        #expect(DNSAnswer(loop, to: question, id: 7) == nil)
    }

    @Test("resolv.conf and hosts are read as the system reads them")
    func files() {
        var settings = ResolverSettings()
        settings.read(
            resolvConf: """
                # comment
                nameserver 10.0.0.53
                nameserver ::1
                nameserver nonsense
                search svc.cluster.local cluster.local
                options ndots:2 edns0

                """)
        settings.read(hosts: "127.0.0.1 localhost api.test # here\n::1 localhost\nbad line\n")
        #expect(settings.servers.map(\.address.description) == ["10.0.0.53", "::1"])
        #expect(settings.candidates("api") == ["api.svc.cluster.local", "api.cluster.local", "api"])
        #expect(settings.candidates("a.b.c") == ["a.b.c", "a.b.c.svc.cluster.local", "a.b.c.cluster.local"])
        #expect(settings.candidates("api.") == ["api."])
        #expect(settings.hosts["api.test"]?.map(\.description) == ["127.0.0.1"])
        #expect(settings.hosts["localhost"]?.count == 2)
    }

    @Test("a name is asked for again when its time is over, within bounds, and after failures less and less often")
    func pace() {
        var settings = ResolverSettings()
        settings.shortestLifeMicroseconds = 2_000_000
        settings.longestLifeMicroseconds = 60_000_000
        var pace = NamePace()
        let lives = [0, 10, Int.max].map { pace.answered(timeToLive: $0, settings) }
        #expect(lives == [2_000_000, 10_000_000, 60_000_000])
        let pauses = (0..<8).map { _ in pace.failed() / 1_000_000 }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30])
        _ = pace.answered(timeToLive: 1, settings)
        let afterSuccess = pace.failed()
        #expect(afterSuccess == 1_000_000)
    }
}
