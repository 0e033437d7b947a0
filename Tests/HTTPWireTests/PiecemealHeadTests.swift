import HTTPWire
import Testing

/// Heads that come in pieces, and bytes that are no heads at all.
@Suite("piecemeal and garbage")
struct PiecemealHeadTests {
    private static let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST http://h/a/../b?c HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: x\r\nX: 1\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\n\r\n",
    ]

    @Test("each prefix of a head is incomplete, and the whole gives the same as at once", arguments: requests)
    func prefixes(_ text: String) {
        let head = RequestHead()
        let bytes = Array(text.utf8)
        for length in 0..<bytes.count {
            #expect(head.parse(Array(bytes.prefix(length))) == .incomplete, "\(length) bytes")
        }
        let fresh = RequestHead()
        #expect(head.parse(bytes) == .complete(bytes.count))
        #expect(fresh.parse(bytes) == .complete(bytes.count))
        #expect(head.forwarded() == fresh.forwarded())
    }

    @Test("each prefix of a response head is incomplete")
    func responsePrefixes() {
        let head = ResponseHead()
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nA: b\r\n\r\n"
        for length in 0..<text.utf8.count { #expect(head.parse(String(text.utf8.prefix(length))!) == .incomplete) }
        #expect(head.parse(text) == .complete(text.utf8.count))
    }

    @Test("a fault found early is a fault of the whole", arguments: 0..<10)
    func damagedPrefixes(_ seed: Int) {
        var random = Seeded(UInt64(seed))
        let head = RequestHead()
        for _ in 0..<100 {
            var bytes = Array(Self.requests[1].utf8)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            let whole = head.parse(bytes)
            for length in 0..<bytes.count {
                let part = head.parse(Array(bytes.prefix(length)))
                if case .fault = part, case .complete = whole { Issue.record("\(part) at \(length), whole \(whole)") }
                if case .complete(let end) = part { #expect(whole == .complete(end)) }
            }
        }
    }

    @Test("random bytes never do more than be refused", arguments: 0..<10)
    func garbage(_ seed: Int) {
        var random = Seeded(UInt64(seed) + 99)
        let request = RequestHead()
        let response = ResponseHead()
        // Bytes that HTTP is made of, so that the garbage gets past the first checks.
        let pieces = [
            "GET ", "/", " HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\n", "\r\n", "\n", "\r", ":", " ", "Host: a\r\n",
            "Content-Length: ", "1",
            "Transfer-Encoding: chunked\r\n", "%2e", "..", "?", "\0", "\u{ff}", "http://", "Connection: close, a\r\n",
            ",", "a", "*",
        ].map { Array($0.utf8) }
        for _ in 0..<5000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0..<14, using: &random) {
                bytes += pieces.randomElement(using: &random)!
                if Int.random(in: 0..<8, using: &random) == 0 {
                    bytes.append(UInt8.random(in: 0...255, using: &random))
                }
            }
            if case .complete(let end) = request.parse(bytes) {
                #expect(end <= bytes.count && request.forwarded().hasSuffix("\r\n\r\n"))
            }
            let outcome = withBytes(bytes) { response.parse($0, answersHEAD: false, limit: 4096) }
            if case .complete(let end) = outcome {
                #expect(end <= bytes.count && response.forwarded().hasSuffix("\r\n\r\n"))
            }
            var decoder = ChunkedDecoder()
            bytes.withUnsafeMutableBufferPointer { buffer in
                guard let progress = try? decoder.decode(buffer) else { return }
                #expect(
                    progress.consumed <= buffer.count && progress.dataStart + progress.dataLength <= progress.consumed)
            }
        }
    }

    @Test("what is forwarded is parsed again as the same request", arguments: 0..<5)
    func roundTrip(_ seed: Int) {
        var random = Seeded(UInt64(seed) + 7)
        let first = RequestHead()
        let second = RequestHead()
        let lines = [
            "A: 1", "Content-Length: 3", "Transfer-Encoding: chunked", "Connection: a, b", "B: 2", "TE: trailers", "a:",
            "Expect: 100-continue",
        ]
        for _ in 0..<500 {
            let chosen = (0..<5).map { _ in lines.randomElement(using: &random)! + "\r\n" }.joined()
            guard case .complete = first.parse("PUT /%61//b?c HTTP/1.1\r\nHost: h\r\n\(chosen)\r\n") else { continue }
            let forwarded = first.forwarded()
            #expect(second.parse(forwarded) == .complete(forwarded.utf8.count))
            #expect(second.body == first.body && second.pathAndQuery.text == "/a/b?c" && second.host.text == "h")
            #expect(second.forwarded() == forwarded)
        }
    }
}
