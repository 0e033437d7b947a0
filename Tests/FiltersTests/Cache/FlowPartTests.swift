import Foundation
import GatewayCore
import HTTPWire
import NIOCore
import Policies
import Testing

@testable import Filters

@Suite("What a fetch shares with other nodes while it comes in")
struct FlowPartTests {
    private let text =
        "head\nstatus 200\nage 5\nfresh 60000000\nlength 12\nvary accept-language\nvariant accept-language=de\n\n"
        + "Vary: Accept-Language\r\nETag: \"a\"\r\nSurrogate-Key: deck\r\n"

    private func part(_ text: String) -> FlowPart? { Array(text.utf8).withUnsafeBytes { FlowPart($0) } }

    @Test("a head says what a follower needs, and reads back as it was written")
    func head() throws {
        guard case .head(let head)? = part(text) else {
            Issue.record("no head")
            return
        }
        #expect(FlowPart.head(head).encoded == Array(text.utf8))
        let draft = head.draft(tags: ["route"], at: 1000)
        #expect(draft.status == 200 && draft.length == .exactly(12))
        #expect(draft.age(at: 1000) == 5 && draft.age(at: 3000) == 2005)
        #expect(draft.facts.vary.names == ["accept-language"])
        #expect(draft.variant == Array("accept-language=de".utf8))
        #expect(draft.tags.map(\.name) == ["route", "deck"])
        #expect(draft.facts.etag == Array("\"a\"".utf8))
        #expect(!draft.isWhole)
    }

    @Test("a body's bytes may be any; an end is an end")
    func others() {
        let bytes = ByteBuffer(bytes: Array(UInt8.min...UInt8.max))
        guard case .body(let read)? = FlowPart.body(bytes).encoded.withUnsafeBytes({ FlowPart($0) }) else {
            Issue.record("no body")
            return
        }
        #expect(read == bytes)
        for (text, isLast) in [("end", true), ("cut", true), ("body end", false)] {
            #expect(part(text)?.isLast == isLast)
        }
    }

    @Test("what no node has written is no part")
    func malformed() {
        let changes = [
            ("head\n", "Head\n"), ("status 200", "status 99"), ("status 200", "status 2000"), ("age 5", "age -5"),
            ("fresh 60000000", "fresh 999999999999999999999"), ("length 12", "length 99999999999"), ("age 5\n", ""),
            ("\n\n", "\n"), ("ETag: ", "ETag "), ("\r\nETag", "\nETag"), ("variant ", "Variant "),
        ]
        for (right, wrong) in changes {
            let spoilt = text.replacingOccurrences(of: right, with: wrong)
            #expect(spoilt != text)
            #expect(part(spoilt) == nil, "\(wrong)")
        }
        for text in ["", "bod", "body", "ended", "head"] { #expect(part(text) == nil, "\(text)") }
        // Cut anywhere within its facts.
        for count in 0..<(text.utf8.count - 60) { #expect(part(String(text.prefix(count))) == nil) }
    }
}
