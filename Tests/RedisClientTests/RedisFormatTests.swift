import NIOCore
import Testing

@testable import RedisClient

@Suite("RESP")
struct RedisFormatTests {
    private func written(_ body: (inout RedisCommandWriter) -> Void) -> String {
        var writer = RedisCommandWriter()
        body(&writer)
        return String(buffer: writer.buffer)
    }

    @Test("each kind of word is written as a bulk string of its exact length")
    func words() {
        let text = written { writer in
            writer.begin(words: 8)
            writer.append("SET")
            writer.append("ü\r\n" as String)
            writer.append([UInt8]())
            writer.append(0)
            writer.append(-1_234_567_890)
            writer.append(RedisCommandWriter.encoding(["a", "bc"]))
            writer.append(count: 3) { $0.copyBytes(from: [1, 2, 3]) }
            #expect(writer.missing == 0)
        }
        #expect(
            text
                == "*8\r\n$3\r\nSET\r\n$4\r\nü\r\n\r\n$0\r\n\r\n$1\r\n0\r\n$11\r\n-1234567890\r\n$1\r\na\r\n$2\r\nbc\r\n$3\r\n\u{1}\u{2}\u{3}\r\n"
        )
    }

    @Test("the extremes of integers keep all their digits", arguments: [Int.max, .min, 9, 10, -1, 1 << 53])
    func integers(number: Int) {
        let text = written {
            $0.begin(words: 1)
            $0.append(number)
        }
        #expect(text == "*1\r\n$\("\(number)".utf8.count)\r\n\(number)\r\n")
    }

    private func replies(_ text: String, pieces: [Int] = [], limit: Int = 1 << 20) throws -> [RedisValue] {
        let parser = RedisReplyParser(maximumReplyBytes: limit)
        var rest = ByteBuffer(string: text)
        var values: [RedisValue] = []
        for piece in pieces + [rest.readableBytes] {
            guard let slice = rest.readSlice(length: min(piece, rest.readableBytes)) else { continue }
            try parser.feed(slice)
            while try parser.next({ values.append($0.value) }) {}
        }
        return values
    }

    private let sample = "+OK\r\n:-42\r\n$-1\r\n$5\r\na\r\nbc\r\n-ERR no\r\n*3\r\n:1\r\n*1\r\n$0\r\n\r\n-X\r\n*0\r\n"
    private let sampleValues: [RedisValue] = [
        .status("OK"), .integer(-42), .null, .string(Array("a\r\nbc".utf8)), .error("ERR no"),
        .array([.integer(1), .array([.string([])]), .error("X")]), .array([]),
    ]

    @Test("replies of all kinds, whole and in any two pieces")
    func allKinds() throws {
        for cut in 0...sample.utf8.count { #expect(try replies(sample, pieces: [cut]) == sampleValues) }
        let bytewise = Array(repeating: 1, count: sample.utf8.count)
        #expect(try replies(sample, pieces: bytewise) == sampleValues)
    }

    @Test("bytes that are no RESP are an error", arguments: ["HTTP/1.1 400\r\n", "\r\n", "*x\r\n", "$-7\r\n\r\n"])
    func garbage(text: String) {
        #expect(throws: RedisError.self) { try replies(text) }
    }

    @Test("a reply that grows over the bound is an error, be it one string or many small ones")
    func tooLarge() throws {
        let long = String(repeating: "x", count: 3000)
        #expect(throws: RedisError.replyTooLarge(limit: 2000)) {
            try replies("$9000\r\n\(long)", pieces: Array(repeating: 100, count: 30), limit: 2000)
        }
        let many = String(repeating: ":1\r\n", count: 1000)
        #expect(throws: RedisError.replyTooLarge(limit: 2000)) {
            try replies("*2000\r\n\(many)", pieces: Array(repeating: 100, count: 40), limit: 2000)
        }
        let small = String(repeating: "+OK\r\n", count: 2000)
        #expect(try replies(small, pieces: Array(repeating: 77, count: 200), limit: 2000).count == 2000)
    }

    @Test("the view of a reply agrees with its copy")
    func view() throws {
        let parser = RedisReplyParser(maximumReplyBytes: 1000)
        try parser.feed(ByteBuffer(string: "*2\r\n:7\r\n$2\r\nhi\r\n"))
        let wasWhole = try parser.next { reply in
            #expect(reply.kind == .array && reply.count == 2 && reply.integer == nil)
            #expect(reply[0]?.integer == 7)
            #expect(reply[1]?.text == "hi" && reply[1]?.kind == .string)
            #expect(reply[2] == nil && reply[-1] == nil && reply[1]?[0] == nil)
        }
        #expect(wasWhole)
    }

    @Test("pairs read as a dictionary, digits as integers")
    func values() {
        let pairs = RedisValue.array([.string(Array("a".utf8)), .string(Array("1".utf8)), .status("b"), .integer(2)])
        #expect(pairs.dictionary == ["a": "1", "b": "2"])
        #expect(pairs.elements[1].integer == 1 && RedisValue.null.text == nil)
    }
}
