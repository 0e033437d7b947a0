import GatewayCore
import HTTPWire
import NIOCore
import Policies
import RedisClient

/// An element of the list by which a fill's response reaches other nodes while it comes in: readable by redis-cli but for
/// the body.
package enum FlowPart: Sendable {
    case head(FlowHead)
    case body(ByteBuffer)
    case end
    /// The origin failed, or what came may not be stored after all.
    case cut

    /// Bytes of the body in a part at most, as in any command.
    static let longestBody = RedisResponses.pieceBytes

    private static let bodyMark = Array("body ".utf8)

    var encoded: [UInt8] {
        switch self {
        case .head(let head): head.encoded
        case .body(let bytes): Self.bodyMark + bytes.readableBytesView
        case .end: Array("end".utf8)
        case .cut: Array("cut".utf8)
        }
    }

    /// Nil if it is nothing that a node could have written.
    init?(_ bytes: UnsafeRawBufferPointer) {
        if bytes.starts(with: Self.bodyMark) {
            self = .body(ByteBuffer(bytes: bytes.dropFirst(Self.bodyMark.count)))
        } else if bytes.elementsEqual("end".utf8) {
            self = .end
        } else if bytes.elementsEqual("cut".utf8) {
            self = .cut
        } else {
            guard let head = FlowHead(bytes) else { return nil }
            self = .head(head)
        }
    }

    var isLast: Bool {
        switch self {
        case .head, .body: false
        case .end, .cut: true
        }
    }
}

/// The head of a response on its way to other nodes.
package struct FlowHead: Hashable, Sendable {
    var status: Int
    /// In microseconds, when it was written down; so `fresh`.
    var age: Int
    var fresh: Int
    var length: Int
    var vary: String
    /// Without line ends, as variant keys are.
    var variant: [UInt8]
    /// The field lines that are stored.
    var lines: [UInt8]

    /// Nil if the body's length is not known: what others were given of one that outgrows `max_object` would be cut off.
    init?(_ draft: ResponseDraft, at now: Int) {
        guard case .exactly(let length) = draft.length else { return nil }
        status = draft.status
        age = draft.age(at: now)
        fresh = draft.lifetime.fresh
        self.length = length
        vary = draft.facts.vary.text
        variant = draft.variant
        lines = draft.lines
    }

    /// One line for each fact, a blank one, and the field lines.
    var encoded: [UInt8] {
        let facts = "head\nstatus \(status)\nage \(age)\nfresh \(fresh)\nlength \(length)\nvary \(vary)\nvariant "
        return Array(facts.utf8) + variant + Array("\n\n".utf8) + lines
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        func line() -> Slice<UnsafeRawBufferPointer>? {
            guard let end = rest.firstIndex(of: 0x0A) else { return nil }
            defer { rest = rest[(end + 1)...] }
            return rest[..<end]
        }
        func value(_ name: String) -> Slice<UnsafeRawBufferPointer>? {
            guard let line = line(), line.starts(with: Array("\(name) ".utf8)) else { return nil }
            return line.dropFirst(name.utf8.count + 1)
        }
        func number(_ name: String) -> Int? {
            guard let text = value(name), text.count <= 18 else { return nil }
            return Int(String(decoding: text, as: UTF8.self)).flatMap { $0 >= 0 ? $0 : nil }
        }
        guard line()?.elementsEqual("head".utf8) == true, let status = number("status"), (200...599).contains(status),
            let age = number("age"), let fresh = number("fresh"), max(age, fresh) <= LookReply.Head.longest,
            let length = number("length"), length <= LookReply.Head.longestBody, let vary = value("vary"),
            let variant = value("variant"), line()?.isEmpty == true,
            LookReply.Head.areLines(UnsafeRawBufferPointer(rebasing: rest))
        else { return nil }
        self.status = status
        self.age = age
        self.fresh = fresh
        self.length = length
        self.vary = String(decoding: vary, as: UTF8.self)
        self.variant = Array(variant)
        lines = Array(rest)
    }

    /// What followers here are given, its body still to come.
    /// - Parameter tags: those that the route gives it; the origin's are among its fields.
    func draft(tags: [String], at now: Int) -> ResponseDraft {
        var facts = StoredFields.facts(lines, status: status, now: WallClock.seconds())
        for name in VaryNames(vary).names { facts.addVary(name) }
        return ResponseDraft(
            status: status, lines: lines, facts: facts, lifetime: CacheLifetime(fresh: fresh), variant: variant,
            tags: tags.map { CacheTag(name: $0) }.adding(facts.tags), length: length > 0 ? .exactly(length) : .none,
            initialAge: age,
            receivedAt: now, body: ByteBuffer())
    }
}
