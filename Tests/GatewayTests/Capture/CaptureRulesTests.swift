import GatewayCore
import JSON
import NIOCore
import Synchronization
import Testing

@testable import Gateway

@Suite("Captures of a node")
struct CaptureRulesTests {
    private final class Clock: Sendable {
        let now = Atomic<Int>(1_000_000_000)
        func pass(seconds: Int) { now.add(seconds * 1_000_000, ordering: .relaxed) }
        var time: Int { now.load(ordering: .relaxed) }
    }

    private let clock = Clock()
    private let captures: CaptureRules

    init() { captures = CaptureRules { [clock] in clock.time } }

    private func rule(_ route: String = "users", exchanges: Int = 2, seconds: Int = 60) -> CaptureRule {
        var terms = CaptureTerms(route: route)
        (terms.exchanges, terms.seconds) = (exchanges, seconds)
        return CaptureRule(terms, madeBy: "node1", now: clock.time)
    }

    private func exchange(_ body: String) -> CapturedExchange {
        var exchange = CapturedExchange()
        exchange.request.body = CapturedBody(limit: 100_000)
        exchange.request.body?.append(ByteBuffer(string: body))
        return exchange
    }

    @Test("a rule that has its exchanges is full, and what comes then is not kept")
    func full() throws {
        let rule = rule()
        try captures.make(rule)
        for body in ["one", "two", "three"] {
            #expect(captures.reserve(10_000, for: rule))
            captures.keep(exchange(body), of: rule, reserved: 10_000)
        }
        let reading = try #require(captures.read(rule.id))
        #expect(reading.end == .full && !rule.isActive && captures.active.isEmpty)
        #expect(reading.exchanges.map(\.sequence) == [1, 2])
        #expect(captures.bytes == reading.exchanges.reduce(0) { $0 + $1.size }, "the rest was given back")
        captures.remove(rule.id)
        #expect(captures.bytes == 0)
    }

    @Test("a rule ends with its time, can be read for a while, and is forgotten then")
    func expiry() throws {
        let rule = rule(seconds: 60)
        try captures.make(rule)
        #expect(captures.reserve(1000, for: rule))
        captures.keep(exchange("x"), of: rule, reserved: 1000)
        clock.pass(seconds: 61)
        #expect(captures.read(rule.id)?.end == .expired && !rule.isActive)
        clock.pass(seconds: 899)
        #expect(captures.read(rule.id)?.exchanges.count == 1)
        clock.pass(seconds: 2)
        #expect(captures.read(rule.id) == nil && captures.bytes == 0)
    }

    @Test("a node without room captures nothing more, and counts what it missed")
    func room() throws {
        let rule = rule()
        try captures.make(rule)
        #expect(captures.reserve(CaptureRules.mostBytes, for: rule))
        #expect(!captures.reserve(1, for: rule))
        #expect(captures.read(rule.id)?.missed == 1 && captures.bytes == CaptureRules.mostBytes)
        captures.release(CaptureRules.mostBytes)
        #expect(captures.reserve(1, for: rule))
    }

    @Test("a route has one capture at a time; another node's takes its place")
    func rivals() throws {
        let (first, second) = (rule(), rule())
        try captures.make(first)
        #expect(throws: CaptureRules.Refusal.self) { try captures.make(second) }
        try captures.make(second, replaces: true)
        #expect(captures.active.map(\.id) == [second.id] && !first.isActive)
        try captures.make(second, replaces: true)
        #expect(captures.list().count == 1, "a node hears of its own as well")
    }

    @Test("there are only so many, and those that have ended make room")
    func bounds() throws {
        for number in 1...CaptureRules.mostRules {
            try captures.make(rule("r\(number)", seconds: number == 1 ? 1 : 60))
        }
        #expect(throws: CaptureRules.Refusal.self) { try captures.make(rule("more")) }
        clock.pass(seconds: 2)
        try captures.make(rule("more"))
        #expect(captures.active.count == CaptureRules.mostRules)
    }

    @Test("bodies are kept up to the limit, and shown as text without half a character")
    func bodies() {
        var body = CapturedBody(limit: 6)
        body.append(ByteBuffer(string: "Gr"))
        body.append(ByteBuffer(string: "üße"))
        #expect(body.text == "Grüß" && body.isCut && body.length == 7)
        body = CapturedBody(limit: 5)
        body.append(ByteBuffer(string: "Grüße"))
        #expect(body.text == "Grü" && body.isCut && body.bytes.count == 5)
        body = CapturedBody(limit: 8)
        body.append(ByteBuffer(bytes: [0xFF, 0xFE, 0x00]))
        #expect(body.text == nil && !body.isCut)
        body = CapturedBody(limit: 8)
        body.append(ByteBuffer(bytes: [0x47, 0xC3]))
        #expect(body.text == nil, "what was not cut is no text either")
    }

    @Test("heads are kept up to a bound, and say what is left out")
    func fields() {
        var message = CapturedMessage()
        let long = String(repeating: "x", count: 5000)
        let names = ["a", "b"].map { name in
            long.utf8.withContiguousStorageIfAvailable { value in
                name.utf8.withContiguousStorageIfAvailable { TappedField($0, value) }
            }
        }
        message.add(names.compactMap { $0 ?? nil }) { $0.value }
        #expect(message.fields == ["a: \(long)"] && message.leavesOutFields)
    }
}

@Suite("What is said of captures")
struct CaptureTermsTests {
    private func terms(_ text: String) throws -> CaptureTerms {
        try CaptureTerms(try #require(try JSONReader.read(Array(text.utf8)).object))
    }

    @Test("what nodes tell each other is what was asked for")
    func events() throws {
        for text in [
            #"{"route":"users"}"#,
            #"{"route":"a b","method":"POST","status":"errors","bodies":["request"],"for":"1h","bytes":65536,"exchanges":100}"#,
            #"{"route":"users","status":"4xx","bodies":[]}"#,
        ] {
            let rule = CaptureRule(try terms(text), madeBy: "node1", now: 5)
            guard case .make(let heard) = CaptureEvent(CaptureEvent.make(rule).text, now: 7) else {
                Issue.record("not understood: \(CaptureEvent.make(rule).text)")
                continue
            }
            #expect(heard.terms == rule.terms && heard.id == rule.id && heard.madeBy == "node1")
            #expect(heard.endsMicroseconds == 7 + rule.terms.seconds * 1_000_000)
        }
        let id = CaptureRule.newID()
        #expect(CaptureRule.isID(id))
        guard case .end(id) = CaptureEvent("end \(id)", now: 0) else { return #expect(Bool(false)) }
    }

    @Test(
        "what is beyond the bounds is not taken, from whomever it comes",
        arguments: [
            #"{"route":""}"#, #"{"route":1}"#, #"{}"#, #"{"route":"a","for":"2h"}"#, #"{"route":"a","for":"0s"}"#,
            #"{"route":"a","bytes":65537}"#, #"{"route":"a","bytes":0}"#, #"{"route":"a","exchanges":101}"#,
            #"{"route":"a","method":"p o"}"#, #"{"route":"a","status":"6xx"}"#, #"{"route":"a","bodies":["both"]}"#,
            #"{"route":"a","bodies":"request"}"#, #"{"route":"a","until":"x"}"#,
        ])
    func bounds(_ text: String) throws {
        #expect(throws: AdminMistake.self) { try terms(text) }
        let members = text.dropFirst().dropLast()
        let event = #"make {"id":"abcdefgh","node":"n"\#(members.isEmpty ? "" : ",")\#(members)}"#
        #expect(CaptureEvent(event, now: 0) == nil)
    }

    @Test("outcomes are told apart by status and failure")
    func outcomes() {
        #expect(CaptureTerms.Outcome.errors.includes(status: 503, hasFailed: false))
        #expect(CaptureTerms.Outcome.errors.includes(status: 0, hasFailed: true))
        #expect(!CaptureTerms.Outcome.errors.includes(status: 404, hasFailed: false))
        #expect(CaptureTerms.Outcome.statuses(4).includes(status: 404, hasFailed: false))
        #expect(!CaptureTerms.Outcome.statuses(4).includes(status: 500, hasFailed: true))
        #expect(CaptureTerms.Outcome.any.includes(status: 0, hasFailed: false))
    }
}
