import Policies
import Testing

@Suite("Which coding a client takes")
struct AcceptEncodingTests {
    @Test(
        "by weight, then by the order of what is offered",
        arguments: [
            ("gzip", 2), ("gzip, br", 0), ("gzip;q=1.0, br;q=0.5", 2), ("zstd;q=0.9, br;q=0.9", 0), ("*", 0),
            ("br;q=0, *", 1),
            ("", nil), ("identity", nil), ("br;q=0", nil), ("*;q=0", nil), ("GZIP", 2), ("x-gzip", 2),
            ("gzip;q=0.001", 2),
            ("br;q=2", nil), ("br;q=abc", nil), ("br;level=1", nil), ("br ; q=0.3 , gzip", 2), ("deflate", nil),
            (",,", nil),
        ] as [(String, Int?)])
    func choice(field: String, expected: Int?) {
        let offered = ["br", "zstd", "gzip"].map { Array($0.utf8) }
        let chosen = Array(field.utf8).withUnsafeBufferPointer { AcceptEncoding.choose($0, offered: offered) }
        #expect(chosen == expected)
    }

    @Test(
        "types that are worth it",
        arguments: [
            ("application/json", true), ("Application/JSON; charset=utf-8", true), ("application/problem+json", true),
            ("text/html", true), ("text/event-stream", false), ("image/png", false), ("image/svg+xml", true),
            ("application/grpc+json", false), ("", false), ("+json", false),
        ])
    func types(type: String, expected: Bool) {
        #expect(Array(type.utf8).withUnsafeBufferPointer { CompressionRules().covers(type: $0) } == expected)
    }
}
