import Policies
import RedisClient

/// The names of a cached resource in Redis (STATE.md, "Keys").
package struct CacheNames: Hashable, Sendable {
    package let namespace: String
    /// How long a tag's generation is kept, in milliseconds: longer than anything that carries it.
    static let tagLifetime = 32 * CacheLifetime.day / 1000

    package init(namespace: String) { self.namespace = namespace }

    var channel: String { "\(namespace):events" }

    func keys(of key: [UInt8]) -> (index: [UInt8], fill: [UInt8]) {
        (Array("\(namespace):cache:{".utf8) + key + closing, Array("\(namespace):fill:{".utf8) + key + closing)
    }

    func variant(_ key: [UInt8], _ variant: [UInt8]) -> [UInt8] { keys(of: key).index + colon + variant }

    func piece(_ key: [UInt8], _ variant: [UInt8], _ version: String, _ number: Int) -> [UInt8] {
        self.variant(key, variant) + Array(":\(version):\(number)".utf8)
    }

    /// Of a fill's response while it comes in.
    func flow(_ key: [UInt8], _ token: String) -> [UInt8] { keys(of: key).fill + Array(":\(token)".utf8) }

    func tag(_ name: String) -> [UInt8] { Array("\(namespace):tag:\(name)".utf8) }
    func softTag(_ name: String) -> [UInt8] { Array("\(namespace):softtag:\(name)".utf8) }

    /// `cache <what> <key>`, as it is published; keys have no blanks.
    func event(_ what: String, _ key: [UInt8]) -> [UInt8] { Array("cache \(what) ".utf8) + key }

    /// - Parameter version: of what is stored now; `-` if nothing new is.
    func filled(_ key: [UInt8], version: String) -> [UInt8] { event("filled", key) + Array(" \(version)".utf8) }

    func slot(of key: [UInt8]) -> RedisSlot { keys(of: key).index.withUnsafeBytes { RedisSlot(of: $0) } }

    private var closing: [UInt8] { [UInt8(ascii: "}")] }
    private var colon: [UInt8] { [UInt8(ascii: ":")] }
}

/// What the channel says of cached responses.
package enum CacheEvent: Hashable, Sendable {
    /// A key's fill has ended; with the version of what was stored, if anything was.
    case filled([UInt8], version: String?)
    /// Something has come of a response that is being fetched.
    case flowing([UInt8])
    case purge([UInt8], isSoft: Bool)
    /// Whatever is held or fetched of a URL, as `CacheURL` reads it.
    case purgeURL(String, isSoft: Bool)
    case purgeTag(String, isSoft: Bool)
    case purgeAll

    /// Nil if the message is about something else.
    package init?(_ payload: [UInt8]) {
        let words = payload.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].elementsEqual("cache".utf8) else { return nil }
        let rest = words.count == 3 ? Array(words[2]) : []
        switch String(decoding: words[1], as: UTF8.self) {
        case "filled":
            let parts = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
            guard parts.count == 2 else { return nil }
            let version = String(decoding: parts[1], as: UTF8.self)
            self = .filled(Array(parts[0]), version: version == "-" ? nil : version)
        case "flowing": self = .flowing(rest)
        case "purge": self = .purge(rest, isSoft: false)
        case "soften": self = .purge(rest, isSoft: true)
        case "url": self = .purgeURL(String(decoding: rest, as: UTF8.self), isSoft: false)
        case "softurl": self = .purgeURL(String(decoding: rest, as: UTF8.self), isSoft: true)
        case "tag": self = .purgeTag(String(decoding: rest, as: UTF8.self), isSoft: false)
        case "softtag": self = .purgeTag(String(decoding: rest, as: UTF8.self), isSoft: true)
        case "all": self = .purgeAll
        default: return nil
        }
    }
}
