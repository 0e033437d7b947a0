import Credentials
import GatewayCore
import HTTPWire
import NIOCore

/// `Content-Digest` (RFC 9530): the body is hashed while it passes, and its last part is handed on only if the digest is right. An
/// upstream never takes a body for complete that is not what was signed.
final class ContentDigestCheck: BodyCheck {
    private let expected: [(stream: DigestStream, value: [UInt8])]

    /// Nil: there is no digest by a function that is known and believed (SHA-256, SHA-512), or the field is damaged.
    init?(_ field: [UInt8]) {
        guard let members = StructuredField.dictionary(field) else { return nil }
        var expected: [(DigestStream, [UInt8])] = []
        for (name, member) in members {
            guard let function = DigestStream.Function(rawValue: name) else { continue }
            guard case .item(let item) = member, case .bytes(let value) = item.value,
                let stream = DigestStream(function)
            else { return nil }
            expected.append((stream, value))
        }
        guard !expected.isEmpty else { return nil }
        self.expected = expected
    }

    func refusal(of bytes: ByteBuffer, isEnd: Bool) -> Reply? {
        bytes.withUnsafeReadableBytes { bytes in for (stream, _) in expected { stream.take(bytes) } }
        guard isEnd else { return nil }
        return isRight ? nil : Self.mismatch
    }

    /// Of a request without a body.
    var isRightForNothing: Bool { isRight }

    private var isRight: Bool { expected.allSatisfy { constantTimeEquals($0.stream.finish(), $0.value) } }

    static let mismatch = Reply(
        status: 401, kind: "unauthorized", title: "Unauthorized",
        detail: "The content of the request is not what its Content-Digest says.",
        lines: "WWW-Authenticate: Signature\r\n")
}
