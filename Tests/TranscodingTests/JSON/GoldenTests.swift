import Foundation
import JSON
import Testing

@testable import Transcoding

/// Random messages as Python's `protobuf` library reads and prints them: JSON, wire bytes and canonical JSON a line.
@Suite("JSON and wire format as another implementation has them")
struct GoldenTests {
    private struct Case {
        let json: String
        let wire: [UInt8]
        let printed: String
    }

    private func cases() throws -> [Case] {
        text(try Fixture.bytes("golden.tsv")).split(separator: "\n").map { line in
            let parts = line.split(separator: "\t")
            return Case(json: String(parts[0]), wire: hexadecimal(parts[1]), printed: String(parts[2]))
        }
    }

    @Test("each JSON makes the same bytes")
    func encodes() throws {
        let cases = try cases()
        #expect(cases.count >= 40)
        for golden in cases { #expect(try Fixture.encode(golden.json) == golden.wire, "\(golden.json)") }
    }

    @Test("each message prints the same JSON")
    func prints() throws {
        for golden in try cases() {
            let printed = try Fixture.print(golden.wire)
            #expect(try normal(printed) == normal(golden.printed), "\(golden.printed)")
        }
    }

    @Test("what was printed makes the same bytes again")
    func roundTrips() throws {
        for golden in try cases() {
            #expect(try Fixture.encode(try Fixture.print(golden.wire)) == golden.wire)
        }
    }

    /// Numbers by value: `1` and `1.0` are the same.
    private func normal(_ text: String) throws -> NSObject {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSObject)
    }

    @Test("edited bytes never crash, and what is printed of them is JSON")
    func survivesEdits() throws {
        var generator = SystemRandomNumberGenerator()
        var printed = 0
        for golden in try cases() where !golden.wire.isEmpty {
            for _ in 0..<40 {
                var wire = golden.wire
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    wire[Int.random(in: 0..<wire.count, using: &generator)] = UInt8.random(in: 0...255)
                }
                guard let text = try? Fixture.print(wire) else { continue }
                printed += 1
                #expect(throws: Never.self) {
                    try JSONReader.read(bytes(text), maximumBytes: 1 << 20, maximumDepth: 200)
                }
            }
        }
        #expect(printed > 100)
    }
}
