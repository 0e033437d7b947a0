import HTTPWire
import Testing

@testable import Transport

@Suite("Headers of the PROXY protocol")
struct ProxyProtocolHeaderTests {
    private func parse(_ bytes: [UInt8]) -> ProxyProtocolHeader.Outcome {
        bytes.withUnsafeBufferPointer { ProxyProtocolHeader.parse($0) }
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    private static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    @Test(
        "good ones",
        arguments: [
            (Array("PROXY TCP4 203.0.113.9 192.0.2.1 1 65535\r\n".utf8), "203.0.113.9"),
            (Array("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n".utf8), "2001:db8::1"),
            (Array("PROXY UNKNOWN\r\n".utf8), nil), (Array("PROXY UNKNOWN ffff::1 x 1 2\r\n".utf8), nil),
            (binary(0x21, 0x11, [203, 0, 113, 7, 192, 0, 2, 9, 1, 2, 3, 4]), "203.0.113.7"),
            (binary(0x21, 0x11, [203, 0, 113, 7, 192, 0, 2, 9, 1, 2, 3, 4, 0x04, 0, 1, 0]), "203.0.113.7"),
            (
                binary(
                    0x21, 0x21,
                    [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
                        + [UInt8](repeating: 0, count: 20)), "2001:db8::1"
            ),
            (binary(0x20, 0x00, []), nil), (binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)), nil),
        ] as [([UInt8], String?)])
    func good(_ bytes: [UInt8], _ source: String?) {
        #expect(parse(bytes + Array("GET".utf8)) == .complete(length: bytes.count, source: source))
        for count in 0..<bytes.count { #expect(parse(Array(bytes[..<count])) == .incomplete, "\(count)") }
    }

    @Test(
        "bad ones",
        arguments: [
            Array("GET / HTTP/1.1\r\n".utf8), Array("PROXY TCP4 203.0.113.9 192.0.2.1 1 65536\r\n".utf8),
            Array("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n".utf8), Array("PROXY TCP4 a b 1 2\r\n".utf8),
            Array("PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n".utf8), Array("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n".utf8),
            [UInt8]("PROXY ".utf8) + [UInt8](repeating: 0x61, count: 101), signature + [0x11, 0x11, 0, 0],
            signature + [0x22, 0x11, 0, 0], binary(0x21, 0x11, [1, 2, 3, 4]), signature + [0x21, 0x11, 0xFF, 0xFF],
            binary(0x21, 0x21, [UInt8](repeating: 0, count: 12)), binary(0x21, 0x41, []),
        ])
    func bad(_ bytes: [UInt8]) { #expect(parse(bytes) == .fault) }

    @Test("random bytes do no harm")
    func random() {
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0...60)).map { _ in UInt8.random(in: 0...255) }
            _ = parse(Bool.random() ? Self.signature + noise : Array("PROXY ".utf8) + noise)
        }
    }

    @Test(
        "how long a gRPC client waits",
        arguments: [
            ("1H", 3_600_000_000), ("2M", 120_000_000), ("3S", 3_000_000), ("250m", 250_000), ("7u", 7), ("5000n", 5),
            ("99999999S", 99_999_999_000_000), ("1", nil), ("S", nil), ("1x", nil), ("-1S", nil), ("123456789S", nil),
        ] as [(String, Int?)])
    func grpcTimeout(_ text: String, _ expected: Int?) {
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBufferPointer { GRPCTimeout.microseconds($0) } == expected)
    }
}
