import HTTPWire
import Testing

@Suite("chunked bodies")
struct ChunkedDecoderTests {
    private struct Decoded: Equatable {
        var data = ""
        var trailers = ""
        /// What came after the body.
        var rest = ""
        var isFinished = false
    }

    private enum Result: Equatable {
        case decoded(Decoded)
        case fault(HeadFault)
    }

    /// Decodes pieces of these lengths one after the other, the last one as long as what is left.
    private func decode(_ text: String, pieces: [Int] = []) -> Result {
        var decoder = ChunkedDecoder()
        var decoded = Decoded()
        var input = Array(text.utf8)
        var data: [UInt8] = []
        for length in pieces + [input.count] {
            var piece = Array(input.prefix(length))
            input.removeFirst(piece.count)
            do throws(HeadFault) {
                // Not with the closure's own throw: it would lose the error's type.
                var outcome = Swift.Result<ChunkedDecoder.Progress, HeadFault>.success(.init())
                piece.withUnsafeMutableBufferPointer { buffer in
                    do throws(HeadFault) { outcome = .success(try decoder.decode(buffer)) } catch {
                        outcome = .failure(error)
                    }
                }
                let progress = try outcome.get()
                data += piece[progress.dataStart..<progress.dataStart + progress.dataLength]
                decoded.isFinished = progress.isFinished
                if progress.isFinished {
                    input = piece[progress.consumed...] + input
                    break
                }
                guard progress.consumed == piece.count else { return .fault(.chunkFraming) }
            } catch { return .fault(error) }
        }
        decoded.data = String(decoding: data, as: UTF8.self)
        decoded.trailers = String(decoding: decoder.trailers, as: UTF8.self)
        decoded.rest = String(decoding: input, as: UTF8.self)
        return .decoded(decoded)
    }

    private func whole(_ data: String, trailers: String = "", rest: String = "") -> Result {
        .decoded(Decoded(data: data, trailers: trailers, rest: rest, isFinished: true))
    }

    @Test("well-formed bodies")
    func wellFormed() {
        #expect(decode("0\r\n\r\n") == whole(""))
        #expect(decode("000\r\n\r\nGET") == whole("", rest: "GET"))
        #expect(decode("5\r\nhello\r\n0\r\n\r\n") == whole("hello"))
        #expect(decode("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nnext") == whole("hello", rest: "next"))
        #expect(decode("A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n") == whole("01234567890123456789a"))
        #expect(decode("000000000000005\r\nhello\r\n0\r\n\r\n") == whole("hello"))
        #expect(decode("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n") == whole("hello"))
        #expect(decode("5;\tx\u{e9}\r\nhello\r\n0\r\n\r\n") == whole("hello"))
        #expect(decode("4\r\n\r\n0\n\r\n0\r\n\r\n") == whole("\r\n0\n"))
        #expect(decode("1\r\na\r\n0\r\nT: 1\r\nU:2\r\n\r\nx") == whole("a", trailers: "T: 1\r\nU:2\r\n", rest: "x"))
    }

    @Test("an unfinished body is not finished")
    func unfinished() {
        let text = "5\r\nhello\r\n0\r\nT: 1\r\n\r\n"
        for length in 0..<text.utf8.count {
            guard case .decoded(let decoded) = decode(String(text.utf8.prefix(length))!) else {
                Issue.record("refused after \(length) bytes")
                continue
            }
            #expect(!decoded.isFinished)
        }
    }

    @Test(
        "malformed bodies are refused",
        arguments: [
            ("\r\n", .chunkSize), ("g\r\n", .chunkSize), ("-1\r\n", .chunkSize), ("+1\r\n", .chunkSize),
            ("0x1\r\n", .chunkSize),
            (" 1\r\n", .chunkSize), ("1 \r\n", .chunkSize), ("1\t;a\r\n", .chunkSize), (";a\r\n", .chunkSize),
            ("1\n", .chunkSize),
            ("1\0\r\n", .chunkSize), ("1_0\r\n", .chunkSize), ("1,1\r\n", .chunkSize), ("0.0\r\n", .chunkSize),
            ("\u{ff11}\r\n", .chunkSize),
            ("1000000000000000\r\n", .chunkSize), ("0000000000000001\r\n", .chunkSize),
            ("ffffffffffffffffffff\r\n", .chunkSize),
            ("1\r\r\n", .chunkFraming), ("1\ra", .chunkFraming), ("1;a\rb\r\n", .chunkFraming),
            ("1;a\nb\r\n", .chunkSize),
            ("1;\0\r\n", .chunkSize), ("1;\u{7f}\r\n", .chunkSize), ("1;\u{1b}\r\n", .chunkSize),
            ("1\r\nab\r\n", .chunkFraming), ("1\r\na0\r\n", .chunkFraming), ("1\r\na\n0\r\n", .chunkFraming),
            ("1\r\na\r0\r\n", .chunkFraming),
            ("1\r\n\r\n0\r\n\r\n", .chunkFraming), ("0\r\n\n", .trailerField), ("0\r\n\rx", .chunkFraming),
            ("0\r\nT: 1\n\r\n", .trailerField), ("0\r\nT: 1\rU: 2\r\n\r\n", .trailerField),
            ("0\r\nT : 1\r\n\r\n", .trailerField),
            ("0\r\nT\r\n\r\n", .trailerField), ("0\r\n T: 1\r\n\r\n", .trailerField),
            ("0\r\nT: 1\r\n 2\r\n\r\n", .trailerField),
            ("0\r\nT: \0\r\n\r\n", .trailerField), ("0\r\nGET / HTTP/1.1\r\n\r\n", .trailerField),
            ("0\r\n: 1\r\n\r\n", .trailerField),
        ] as [(String, HeadFault)])
    func malformed(_ text: String, _ fault: HeadFault) {
        #expect(decode(text) == .fault(fault), "\(text)")
        // Also byte by byte.
        #expect(decode(text, pieces: Array(repeating: 1, count: text.utf8.count)) == .fault(fault), "\(text)")
    }

    @Test("extensions and trailers are bounded")
    func bounds() {
        let atLimit = String(repeating: "x", count: 256)
        #expect(decode("1;\(atLimit)\r\na\r\n1;\(atLimit)\r\nb\r\n0\r\n\r\n") == whole("ab"))
        #expect(decode("1;\(atLimit)x\r\na\r\n") == .fault(.chunkSize))
        let line = "T: " + String(repeating: "x", count: 4000) + "\r\n"
        #expect(decode("0\r\n\(line)\(line)\r\n") == whole("", trailers: line + line))
        #expect(decode("0\r\n\(line)\(line)\(line)") == .fault(.trailerField))
        #expect(decode("0\r\n" + String(repeating: "T: 1\r\n", count: 129) + "\r\n") == .fault(.trailerField))
        #expect(decode("0\r\n" + String(repeating: "T: 1\r\n", count: 128) + "\r\n") != .fault(.trailerField))
    }

    @Test("how a body is cut into reads makes no difference", arguments: 0..<20)
    func cuts(_ seed: Int) {
        var random = Seeded(UInt64(seed))
        for _ in 0..<200 {
            let (text, data, trailers) = Self.randomBody(&random)
            var pieces: [Int] = []
            while pieces.reduce(0, +) < text.utf8.count { pieces.append(Int.random(in: 0..<9, using: &random)) }
            #expect(decode(text + "rest", pieces: pieces) == whole(data, trailers: trailers, rest: "rest"), "\(text)")
        }
    }

    @Test("a damaged body gives the same result however it is cut", arguments: 0..<20)
    func damagedCuts(_ seed: Int) {
        var random = Seeded(UInt64(seed) + 500)
        for _ in 0..<200 {
            var bytes = Array(Self.randomBody(&random).text.utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = "\r\n0;:a \u{1}".utf8.randomElement(
                using: &random)!
            let text = String(decoding: bytes, as: UTF8.self)
            let byByte = decode(text, pieces: Array(repeating: 1, count: bytes.count))
            #expect(decode(text) == byByte, "\(text)")
        }
    }

    private static func randomBody(_ random: inout Seeded) -> (text: String, data: String, trailers: String) {
        var text = ""
        var data = ""
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            let chunk = String(
                (0..<Int.random(in: 1..<40, using: &random)).map { _ in "ab0\r;".randomElement(using: &random)! })
            let size = String(chunk.utf8.count, radix: 16, uppercase: Bool.random(using: &random))
            text +=
                ["", "0", "00"].randomElement(using: &random)! + size + ["", ";a", ";b=\"c\""].randomElement(
                    using: &random)!
            text += "\r\n\(chunk)\r\n"
            data += chunk
        }
        let trailers = (0..<Int.random(in: 0..<3, using: &random)).map { "T\($0): v\r\n" }.joined()
        return (text + "0\r\n\(trailers)\r\n", data, trailers)
    }

    @Test("trailers that could pass for a head's fields are not forwarded")
    func forwardable() {
        let lines = """
            X-Checksum: 1\r
            Content-Length: 5\r
            transfer-encoding: chunked\r
            Host: evil\r
            Authorization: x\r
            Connection: close\r
            Cookie: a\r
            X-Forwarded-For: 1.1.1.1\r
            Expect: x\r
            grpc-status: 0\r
            Trailer: x\r

            """
        let kept = TrailerSection.forwardable(Array(lines.utf8))
        #expect(String(decoding: kept, as: UTF8.self) == "X-Checksum: 1\r\ngrpc-status: 0\r\n")
        #expect(TrailerSection.forwardable([]).isEmpty)
    }
}
