import Foundation
import Testing

@testable import Telemetry

@Suite("Access log lines")
struct JSONLineWriterTests {
    @Test("a record is one line of JSON with all its fields")
    func allFields() throws {
        var record = AccessLogRecord()
        record.wallMicroseconds = 1_770_091_506_789_999
        record.status = 429
        (record.route, record.upstream, record.consumer, record.error) = ("users", "backend", "acme", "limit")
        (record.bytesIn, record.bytesOut, record.durationMicroseconds) = (0, 512, 1234)
        record.upstreamMicroseconds = 1000
        record.limit = .refused
        let line = "GET".withBytes { method in
            "/api/users/1?q=\"x\"".withBytes { path in
                record.method = method
                record.path = path
                return write(record)
            }
        }
        #expect(
            line == #"{"time":"2026-02-03T04:05:06.789Z","method":"GET","path":"/api/users/1?q=\"x\"","status":429,"#
                + #""route":"users","upstream":"backend","consumer":"acme","duration_us":1234,"upstream_us":1000,"#
                + #""bytes_in":0,"bytes_out":512,"limit":"refused","error":"limit"}"# + "\n")
        _ = try parse(line)
    }

    @Test("random bytes make a line that any JSON parser reads, and valid text arrives unchanged")
    func randomBytes() throws {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<5000 {
            let count = Int.random(in: 1...60, using: &generator)
            let bytes = (0..<count).map { _ in
                Bool.random(using: &generator) ? UInt8.random(in: 0...255, using: &generator) : UInt8(ascii: "\"")
            }
            let line = writePath(bytes)
            #expect(line.utf8.count { $0 == 0x0A } == 1)
            let path = try #require(try parse(line)["path"] as? String)
            if let valid = String(validating: bytes, as: UTF8.self) { #expect(Array(path.utf8) == Array(valid.utf8)) }
        }
    }

    @Test("every scalar of Unicode arrives unchanged")
    func everyScalar() throws {
        let scalars = (0...0x10FFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)
        for start in stride(from: 0, to: scalars.count, by: 500) {
            let text = String(String.UnicodeScalarView(scalars[start..<min(start + 500, scalars.count)]))
            let path = try #require(try parse(writePath(Array(text.utf8)))["path"] as? String)
            #expect(path.unicodeScalars.elementsEqual(text.unicodeScalars))
        }
    }

    @Test(
        "each byte of no UTF-8 sequence becomes one replacement character",
        arguments: [
            ([0xFF], 1), ([0xC0, 0xAF], 2), ([0xED, 0xA0, 0x80], 3), ([0xE2, 0x82], 2), ([0xF0, 0x9F, 0x98], 3),
            ([0x80], 1),
            ([0xF4, 0x90, 0x80, 0x80], 4),
        ] as [([UInt8], Int)])
    func invalidUTF8(bytes: [UInt8], replacements: Int) throws {
        let path = try #require(try parse(writePath([0x61] + bytes + [0x62]))["path"] as? String)
        #expect(path == "a" + String(repeating: "\u{FFFD}", count: replacements) + "b")
    }

    @Test("long texts are cut at a character's border and marked")
    func cutting() throws {
        for shift in 0..<4 {
            let bytes = Array((String(repeating: "a", count: shift) + String(repeating: "😀", count: 2000)).utf8)
            let path = try #require(try parse(writePath(bytes))["path"] as? String)
            #expect(path.hasSuffix("😀…"))
            #expect(!path.contains("\u{FFFD}"))
            #expect((2045...2051).contains(path.utf8.count))
        }
    }

    @Test("the longest line that can be fits into what a buffer keeps free")
    func longestLine() throws {
        var record = AccessLogRecord()
        let ones = String(repeating: "\u{1}", count: 10_000)
        (record.route, record.upstream, record.consumer, record.error) = (ones, ones, ones, ones)
        (record.bytesIn, record.bytesOut, record.status) = (Int.min, Int.max, Int.max)
        (record.durationMicroseconds, record.upstreamMicroseconds, record.limit) = (Int.max, Int.min, .degraded)
        let line = ones.withBytes { bytes in
            (record.path, record.host, record.method, record.userAgent) = (bytes, bytes, bytes, bytes)
            (record.clientAddress, record.requestID) = (bytes, bytes)
            return write(record)
        }
        #expect(line.utf8.count < LogBuffer.capacity - LogBuffer.fullMark)
        #expect(line.utf8.count > 20_000)
        _ = try parse(line)
    }

    @Test("times are those of the calendar, from 1900 to 2200")
    func times() {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        var timestamp = TimestampText()
        for second in (0..<3000).map({ _ in Int.random(in: -2_208_988_800...7_258_118_400) }) + [0, -1, 951_782_400] {
            let buffer = LogBuffer()
            buffer.addLine { timestamp.append(microsecondsSince1970: second * 1_000_000 + 250_999, to: &$0) }
            let expected = formatter.string(from: Date(timeIntervalSince1970: Double(second) + 0.25))
            #expect(String(decoding: buffer.bytes, as: UTF8.self) == expected + "\n")
        }
    }

    private func writePath(_ bytes: [UInt8]) -> String {
        bytes.withUnsafeBytes { bytes in
            var record = AccessLogRecord()
            record.path = bytes
            return write(record)
        }
    }

    private func write(_ record: AccessLogRecord) -> String {
        let buffer = LogBuffer()
        var writer = JSONLineWriter()
        writer.write(record, to: buffer)
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    private func parse(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
}

extension String {
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Array(utf8).withUnsafeBytes { body($0) }
    }
}
