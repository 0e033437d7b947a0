import GatewayCore
import NIOCore
import Policies
import RedisClient

/// A response as the fields of a Redis hash, all of them readable: numbers in decimal, durations in microseconds.
enum StoredResponseFields {
    static func pairs(of response: CachedResponse, now: Int, url: [UInt8]) -> [(name: String, value: [UInt8])] {
        let lifetime = response.lifetime
        var flags: [String] = []
        if lifetime.alwaysValidates { flags.append("validate") }
        if lifetime.forbidsStale { flags.append("no-stale") }
        if lifetime.ignoresMaxStale { flags.append("no-max-stale") }
        let pieces = (response.body.count + RedisResponses.pieceBytes - 1) / RedisResponses.pieceBytes
        let texts: [(String, String)] = [
            ("status", "\(response.status)"), ("age", "\(response.age(at: now))"), ("fresh", "\(lifetime.fresh)"),
            ("swr", "\(lifetime.staleWhileRevalidate)"), ("sie", "\(lifetime.staleIfError)"),
            ("flags", flags.joined(separator: " ")), ("version", response.version),
            ("length", "\(response.body.count)"), ("pieces", "\(pieces)"), ("soft", "0"),
        ]
        return texts.map { ($0, Array($1.utf8)) } + [("url", url), ("headers", response.lines)]
    }
}

/// What `look.lua` answers, checked: nil if it is nothing that could have been stored.
struct LookReply {
    enum Kind {
        case none
        case pass(remaining: Int)
        case same(age: Int, isSoft: Bool)
        case found(Head)
    }

    /// A response but for the rest of its body.
    struct Head {
        let status: Int
        let lines: [UInt8]
        let vary: VaryNames
        let variant: [UInt8]
        let lifetime: CacheLifetime
        let tags: [CacheTag]
        let version: String
        let length: Int
        let pieces: Int
        let firstPiece: ByteBuffer
        let age: Int
        let isSoft: Bool
    }

    let kind: Kind
    let filling: SharedFilling
    let isTaken: Bool
    private let detail: String

    init?(_ reply: RedisReply, key: [UInt8]) {
        guard let kind = reply[0]?.text, let filling = reply[1]?.integer, let detail = reply[2]?.text else {
            return nil
        }
        isTaken = filling == 3
        self.detail = detail
        switch filling {
        case 1: self.filling = .busy(detail.isEmpty ? nil : SharedFlow(key: key, token: detail))
        case 2: self.filling = .held
        default: self.filling = .none
        }
        switch kind {
        case "none": self.kind = .none
        case "pass": self.kind = .pass(remaining: min(max(0, Int(detail) ?? 0), 3_600_000_000))
        case "same":
            guard let age = Self.number(reply[3]) else { return nil }
            self.kind = .same(age: age, isSoft: reply[4]?.integer == 1)
        case "found":
            guard let head = Head(reply) else { return nil }
            self.kind = .found(head)
        default: return nil
        }
    }

    var flow: SharedFlow? { if case .busy(let flow) = filling { flow } else { nil } }

    /// The generations that a taken fill was given; without them, as in a cluster, they are still to be read.
    func tags(for names: [String]) -> [CacheTag] {
        let known = CacheTag.parse(detail)
        return names.map { name in known.first { $0.name == name } ?? CacheTag(name: name) }
    }

    fileprivate static func number(_ reply: RedisReply?) -> Int? {
        guard let reply, reply.bytes.count <= 18, let value = Int(reply.text), value >= 0 else { return nil }
        return value
    }
}

extension LookReply.Head {
    /// Bounds that no stored response passes: what does was not written by Sluice.
    static let longestBody = 64 << 20
    static let longest = 400 * CacheLifetime.day

    init?(_ reply: RedisReply) {
        guard let age = LookReply.number(reply[3]), let status = LookReply.number(reply[5]),
            (200...599).contains(status), let lines = reply[6], let vary = reply[7], let variant = reply[8],
            let fresh = LookReply.number(reply[9]), let revalidate = LookReply.number(reply[10]),
            let error = LookReply.number(reply[11]), let flags = reply[12]?.text, let tags = reply[13]?.text,
            let version = reply[14]?.text, let length = LookReply.number(reply[15]), length <= Self.longestBody,
            let pieces = LookReply.number(reply[16]),
            pieces == (length + RedisResponses.pieceBytes - 1) / RedisResponses.pieceBytes,
            max(age, max(fresh, max(revalidate, error))) <= Self.longest, Self.areLines(lines.bytes)
        else { return nil }
        // A missing first piece comes as null.
        guard pieces == 0 || reply[17]?.kind == .string else { return nil }
        self.status = status
        self.lines = Array(lines.bytes)
        self.vary = VaryNames(vary.text)
        self.variant = Array(variant.bytes)
        var lifetime = CacheLifetime(fresh: fresh)
        lifetime.staleWhileRevalidate = revalidate
        lifetime.staleIfError = error
        let words = flags.split(separator: " ")
        lifetime.alwaysValidates = words.contains("validate")
        lifetime.forbidsStale = words.contains("no-stale")
        lifetime.ignoresMaxStale = words.contains("no-max-stale")
        self.lifetime = lifetime
        self.tags = CacheTag.parse(tags)
        self.version = version
        self.length = length
        self.pieces = pieces
        firstPiece = pieces == 0 ? ByteBuffer() : reply[17].map { ByteBuffer(bytes: $0.bytes) } ?? ByteBuffer()
        self.age = age
        isSoft = reply[4]?.integer == 1
    }

    /// Bytes of the body in a piece.
    func length(ofPiece number: Int) -> Int {
        min(RedisResponses.pieceBytes, length - number * RedisResponses.pieceBytes)
    }

    func response(_ body: ByteBuffer) -> CachedResponse? {
        let now = MonotonicClock.microsecondsWithSleep()
        let facts = StoredFields.facts(lines, status: status, now: WallClock.seconds())
        var lifetime = lifetime
        lifetime.hasValidator = facts.hasValidator
        return CachedResponse(
            status: status, lines: lines, body: StoredBody(body), facts: facts, vary: vary, lifetime: lifetime,
            variant: variant,
            tags: tags, version: version, initialAge: age, receivedAt: now)
    }

    /// Whole field lines that can do no harm in a head: a name, a colon, no control bytes.
    static func areLines(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < bytes.count {
            guard let feed = bytes[start...].firstIndex(of: 0x0A), feed > start, bytes[feed - 1] == 0x0D,
                let colon = bytes[start..<feed].firstIndex(of: UInt8(ascii: ":")), colon > start,
                !bytes[start..<colon].contains(where: { $0 <= 0x20 || $0 == 0x7F }),
                !bytes[colon..<(feed - 1)].contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F })
            else { return false }
            start = feed + 1
        }
        return true
    }
}

extension CacheTag {
    /// `name=generation/softgeneration` for each, separated by blanks.
    static func parse(_ text: String) -> [CacheTag] {
        text.split(separator: " ").compactMap { word in
            guard let equals = word.lastIndex(of: "="), let slash = word[equals...].firstIndex(of: "/"),
                let hard = Int(word[word.index(after: equals)..<slash]),
                let soft = Int(word[word.index(after: slash)...])
            else { return nil }
            return CacheTag(name: String(word[..<equals]), generation: hard, softGeneration: soft)
        }
    }
}
