import HTTPWire
import Policies

/// What a balancer says of the connection that it carries, in front of all else (PROXY protocol, versions 1 and 2).
enum ProxyProtocolHeader {
    enum Outcome: Equatable {
        case incomplete
        /// The header takes `length` bytes. `source` is the client's address; nil if the balancer speaks for itself.
        case complete(length: Int, source: String?)
        case fault
    }

    /// A longer header than any that balancers send, with all its extensions.
    static let maximumBytes = 4096
    private static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    static func parse(_ bytes: Bytes) -> Outcome {
        guard let first = bytes.first else { return .incomplete }
        return first == 0x0D ? parseBinary(bytes) : parseText(bytes)
    }

    /// Version 1: `PROXY TCP4 192.0.2.1 192.0.2.9 51234 443`, at most 107 bytes with the line's end (§2.1).
    private static func parseText(_ bytes: Bytes) -> Outcome {
        let beginning = Array("PROXY ".utf8)
        guard bytes.prefix(6).elementsEqual(beginning.prefix(bytes.count)) else { return .fault }
        guard let end = bytes.prefix(107).firstIndex(of: 0x0A) else { return bytes.count >= 107 ? .fault : .incomplete }
        guard bytes[end - 1] == 0x0D else { return .fault }
        let words = String(decoding: bytes[6..<(end - 1)], as: UTF8.self).split(
            separator: " ", omittingEmptySubsequences: false)
        if words.first == "UNKNOWN" { return .complete(length: end + 1, source: nil) }
        guard words.count == 5, let port = Int(words[3]), let other = Int(words[4]), 0...65535 ~= port,
            0...65535 ~= other, let source = IPAddress(String(words[1])), let target = IPAddress(String(words[2]))
        else { return .fault }
        let isSix = words[1].contains(":")
        guard words[0] == (isSix ? "TCP6" : "TCP4"), isSix == words[2].contains(":") else { return .fault }
        _ = target
        return .complete(length: end + 1, source: "\(source)")
    }

    /// Version 2: a signature, a command, the family, and a length (§2.2).
    private static func parseBinary(_ bytes: Bytes) -> Outcome {
        guard bytes.prefix(12).elementsEqual(signature.prefix(bytes.count)) else { return .fault }
        guard bytes.count >= 16 else { return .incomplete }
        let length = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
        guard bytes[12] >> 4 == 2, bytes[12] & 0x0F <= 1, length <= maximumBytes else { return .fault }
        guard bytes.count >= length else { return .incomplete }
        // LOCAL: a health check of the balancer itself.
        guard bytes[12] & 0x0F == 1 else { return .complete(length: length, source: nil) }
        switch bytes[13] >> 4 {
        case 1:
            guard length >= 16 + 12 else { return .fault }
            let parts = bytes[16..<20].map { String($0) }
            return .complete(length: length, source: parts.joined(separator: "."))
        case 2:
            guard length >= 16 + 36 else { return .fault }
            let groups = stride(from: 16, to: 32, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
            let text = groups.map { String($0, radix: 16) }.joined(separator: ":")
            return .complete(length: length, source: IPAddress(text).map { "\($0)" })
        case 0, 3: return .complete(length: length, source: nil)
        default: return .fault
        }
    }
}
