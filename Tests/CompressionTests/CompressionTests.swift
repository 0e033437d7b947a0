import Compression
import Testing

private func encode(_ text: [UInt8], _ coding: ContentCoding, piece: Int = 1000) throws -> [UInt8] {
    let encoder = try #require(Encoders.make(coding))
    var output: [UInt8] = []
    for start in stride(from: 0, to: text.count, by: piece) {
        text[start..<min(start + piece, text.count)].withUnsafeBufferPointer { encoder.encode($0, .go, into: &output) }
    }
    encoder.encode(UnsafeBufferPointer(start: nil, count: 0), .end, into: &output)
    return output
}

private func decode(_ bytes: [UInt8], _ coding: ContentCoding, atMost limit: Int = 1 << 24) throws -> [UInt8] {
    try bytes.withUnsafeBufferPointer { try Decoding.decode($0, coding, atMost: limit) }
}

@Suite("Content codings")
struct CompressionTests {
    private let text = Array(String(repeating: "The quick brown fox jumps over the lazy dog. ", count: 5_000).utf8)

    @Test("what is encoded is decoded to the same", arguments: ContentCoding.allCases, [0, 1, 1000, 70_000, 200_000])
    func roundTrip(coding: ContentCoding, count: Int) throws {
        let plain = Array(text.prefix(count))
        let coded = try encode(plain, coding)
        #expect(try decode(coded, coding) == plain)
        if count > 1000 { #expect(coded.count < count / 10) }
    }

    @Test("a flush gives out all that came before it, and an encoder serves again", arguments: ContentCoding.allCases)
    func flush(coding: ContentCoding) throws {
        let encoder = try #require(Encoders.make(coding))
        for _ in 0..<3 {
            var output: [UInt8] = []
            for part in ["data: 1\n", "data: 2\n"] {
                let before = output.count
                Array(part.utf8).withUnsafeBufferPointer { encoder.encode($0, .flush, into: &output) }
                #expect(output.count > before)
            }
            encoder.encode(UnsafeBufferPointer(start: nil, count: 0), .end, into: &output)
            #expect(String(decoding: try decode(output, coding), as: UTF8.self) == "data: 1\ndata: 2\n")
            encoder.reset()
        }
    }

    @Test("a small message that unfolds to a large one is stopped at the bound", arguments: ContentCoding.allCases)
    func bombs(coding: ContentCoding) throws {
        let bomb = try encode([UInt8](repeating: 0, count: 20 << 20), coding, piece: 1 << 20)
        #expect(bomb.count < 200_000)
        #expect(throws: DecodingFailure.tooLong) { try decode(bomb, coding, atMost: 1 << 20) }
    }

    @Test("what is cut off, or nothing of the kind, is refused", arguments: ContentCoding.allCases)
    func malformed(coding: ContentCoding) throws {
        let coded = try encode(text, coding)
        for bytes in [Array(coded.dropLast(5)), [], Array("plain text".utf8), coded + [1, 2, 3]] {
            #expect(throws: DecodingFailure.malformed) { try decode(bytes, coding) }
        }
    }

    @Test("names of codings")
    func names() {
        #expect(ContentCoding(name: "X-GZIP".utf8) == .gzip)
        #expect(ContentCoding(name: "br".utf8) == .brotli)
        #expect(ContentCoding(name: "compress".utf8) == nil)
    }
}
