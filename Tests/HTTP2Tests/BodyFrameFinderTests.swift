import Testing

@testable import HTTP2

@Suite("DATA frames among what a client sends")
struct BodyFrameFinderTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private static func frame(_ type: UInt8, _ stream: UInt8, _ length: Int) -> [UInt8] {
        [0, UInt8(length >> 8), UInt8(length & 255), type, 0, 0, 0, 0, stream] + [UInt8](repeating: 0, count: length)
    }

    @Test("each is found with its place, however the bytes are cut", arguments: [1, 2, 7, 9, 10, 64, 1000])
    func cut(size: Int) {
        let frames: [(UInt8, UInt8, Int)] = [(4, 0, 6), (1, 1, 20), (0, 1, 0), (0, 3, 300), (6, 0, 8), (0, 5, 1)]
        var bytes = Self.preface
        var expected: [(stream: Int32, start: Int)] = []
        for (type, stream, length) in frames {
            if type == 0 { expected.append((Int32(stream), bytes.count)) }
            bytes += Self.frame(type, stream, length)
        }
        var finder = BodyFrameFinder()
        var found: [(stream: Int32, start: Int)] = []
        for base in stride(from: 0, to: bytes.count, by: size) {
            Array(bytes[base..<min(base + size, bytes.count)]).withUnsafeBytes { chunk in
                var position = 0
                while let frame = finder.next(in: chunk, from: &position) {
                    found.append((frame.stream, base + frame.start))
                    #expect(frame.start <= position && position <= chunk.count)
                }
            }
        }
        #expect(found.map(\.stream) == expected.map(\.stream))
        for (found, expected) in zip(found, expected) {
            // A head that is cut in two counts from the cut.
            #expect(found.start >= expected.start && found.start < expected.start + 9)
        }
    }
}
