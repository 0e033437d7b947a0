import Testing

@testable import Transcoding

@Suite("gRPC and gRPC-Web framing")
struct GRPCFramingTests {
    private func pieces(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...7))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }

    @Test("frames come out as they went in, however the body is cut")
    func roundTrip() throws {
        let frames =
            [0, 1, 5, 300].map { GRPCFrame(flags: $0 == 5 ? 1 : 0, content: [UInt8](repeating: 7, count: $0)) }
            + [GRPCWebTrailers.frame([(bytes("grpc-status"), bytes("0"))])]
        for _ in 0..<50 {
            var decoder = GRPCFrameDecoder(maximumBytes: 300)
            var decoded: [GRPCFrame] = []
            for piece in pieces(frames.flatMap(\.bytes)) {
                var rest = piece
                while let frame = try decoder.next(&rest) { decoded.append(frame) }
                #expect(rest.isEmpty)
            }
            #expect(decoded == frames)
            #expect(decoder.isBetweenFrames)
        }
    }

    @Test("a frame longer than the bound is refused at its prefix; so are unknown flags")
    func refusals() {
        var decoder = GRPCFrameDecoder(maximumBytes: 10)
        var long: ArraySlice<UInt8> = [0, 0, 0, 0, 11]
        #expect(throws: GRPCFrameDecoder.Failure.tooLong(11)) { try decoder.next(&long) }
        decoder = GRPCFrameDecoder(maximumBytes: 10)
        var flagged: ArraySlice<UInt8> = [2, 0, 0, 0, 1]
        #expect(throws: GRPCFrameDecoder.Failure.unknownFlags(2)) { try decoder.next(&flagged) }
    }

    @Test("a body that ends within a frame is known to be cut")
    func cut() throws {
        var decoder = GRPCFrameDecoder(maximumBytes: 10)
        var part: ArraySlice<UInt8> = [0, 0, 0, 0, 2, 1]
        #expect(try decoder.next(&part) == nil)
        #expect(!decoder.isBetweenFrames)
    }

    @Test("trailers are lines in lower case, and can't be made two of one")
    func trailers() throws {
        let frame = GRPCWebTrailers.frame([
            (bytes("Grpc-Status"), bytes("5")), (bytes("grpc-message"), bytes("a\r\nx: y")),
        ])
        #expect(frame.isTrailers)
        #expect(text(frame.content) == "grpc-status: 5\r\ngrpc-message: ax: y\r\n")
        let fields = try #require(GRPCWebTrailers.parse(frame.content))
        #expect(fields.map { text($0.name) } == ["grpc-status", "grpc-message"])
        #expect(fields.map { text($0.value) } == ["5", "ax: y"])
        #expect(GRPCWebTrailers.parse(bytes("x\r\n")) == nil)
        #expect(GRPCWebTrailers.parse(bytes(": x")) == nil)
    }

    @Test("text mode comes back as it went, however it is cut and flushed")
    func textMode() throws {
        for _ in 0..<200 {
            let content = (0..<Int.random(in: 0...60)).map { _ in UInt8.random(in: 0...255) }
            var encoder = GRPCWebTextEncoder()
            var encoded: [UInt8] = []
            for piece in pieces(content) {
                encoded += encoder.encode(piece)
                if Bool.random() { encoded += encoder.flush() }
            }
            encoded += encoder.flush()
            var decoder = GRPCWebTextDecoder()
            var decoded: [UInt8] = []
            for piece in pieces(encoded) {
                let part = decoder.decode(piece)
                decoded += try #require(part)
            }
            #expect(decoded == content)
            #expect(decoder.isComplete)
        }
    }

    @Test("what is no base64 is refused, what is cut is known")
    func badText() {
        var decoder = GRPCWebTextDecoder()
        #expect(decoder.decode(bytes("AA*A")) == nil)
        decoder = GRPCWebTextDecoder()
        #expect(decoder.decode(bytes("AAAAA")) == [0, 0, 0])
        #expect(!decoder.isComplete)
    }
}
