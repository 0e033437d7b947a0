/// What a name server says (RFC 1035 §4). Read with all care: anybody can send a datagram.
package struct DNSAnswer: Hashable, Sendable {
    package struct Service: Hashable, Sendable {
        /// The lowest goes first.
        package var priority: Int
        package var weight: Int
        package var port: Int
        package var target: String
    }

    package enum Outcome: Hashable, Sendable {
        case found
        /// The name does not exist, or has no records of the kind.
        case none
        /// The server could not or would not answer.
        case failed
    }

    package private(set) var outcome: Outcome
    package private(set) var addresses: [IPAddress] = []
    package private(set) var services: [Service] = []
    /// Of the records that led here, the shortest, in seconds; nil: there are none.
    package private(set) var timeToLive: Int?

    /// Nil for what is no answer to the question with this id.
    package init?(_ message: [UInt8], to question: DNSQuestion, id: UInt16) {
        var reader = Reader(bytes: message)
        guard let ownID = reader.number16(), ownID == id, let flags = reader.number16(), flags & 0x8000 != 0,
            let questions = reader.number16(), questions == 1, let records = reader.number16(),
            reader.skip(4), let name = reader.name(), let kind = reader.number16(), let family = reader.number16()
        else { return nil }
        // What was asked comes back: one more thing that a forger would have to know.
        guard name.lowercased() == Self.plain(question.name), kind == question.kind.rawValue, family == 1 else {
            return nil
        }
        outcome = .none
        let code = flags & 0xF
        guard code == 0 else {
            if code != 3 { outcome = .failed }
            return
        }
        for _ in 0..<records {
            // A message that was cut off is good as far as it goes.
            guard reader.name() != nil, let kind = reader.number16(), reader.skip(2), let life = reader.number32(),
                let length = reader.number16()
            else { break }
            let end = reader.place + Int(length)
            guard end <= message.count else { break }
            take(kind, of: question.kind, life: Int(life), &reader, length: Int(length))
            reader.place = end
        }
        if !addresses.isEmpty || !services.isEmpty { outcome = .found }
    }

    private mutating func take(
        _ kind: UInt16, of wanted: DNSQuestion.Kind, life: Int, _ reader: inout Reader, length: Int
    ) {
        // A name that stands for another one (CNAME) does so for its own time.
        let isAlias = kind == 5
        guard isAlias || kind == wanted.rawValue else { return }
        timeToLive = min(timeToLive ?? .max, life)
        guard !isAlias else { return }
        switch wanted {
        case .a, .aaaa:
            guard length == (wanted == .a ? 4 : 16), let address = IPAddress(networkBytes: reader.rest(length)) else {
                return
            }
            addresses.append(address)
        case .srv:
            guard let priority = reader.number16(), let weight = reader.number16(), let port = reader.number16(),
                port > 0, let target = reader.name(), !target.isEmpty
            else { return }
            services.append(
                Service(priority: Int(priority), weight: Int(weight), port: Int(port), target: target.lowercased()))
        }
    }

    private static func plain(_ name: String) -> String {
        name.hasSuffix(".") ? String(name.dropLast()).lowercased() : name.lowercased()
    }

    private struct Reader {
        let bytes: [UInt8]
        var place = 0

        mutating func skip(_ count: Int) -> Bool {
            guard place + count <= bytes.count else { return false }
            place += count
            return true
        }

        mutating func number16() -> UInt16? {
            guard place + 2 <= bytes.count else { return nil }
            defer { place += 2 }
            return UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
        }

        mutating func number32() -> UInt32? {
            guard let high = number16(), let low = number16() else { return nil }
            return UInt32(high) << 16 | UInt32(low)
        }

        func rest(_ count: Int) -> ArraySlice<UInt8> { bytes[place..<min(place + count, bytes.count)] }

        /// A name may go on elsewhere in the message (RFC 1035 §4.1.4), but only before where it stands, so that it ends.
        mutating func name() -> String? {
            var labels: [String] = []
            var (at, border, hasJumped) = (place, place, false)
            var length = 0
            while at < bytes.count {
                let size = Int(bytes[at])
                switch size {
                case 0:
                    if !hasJumped { place = at + 1 }
                    return labels.joined(separator: ".")
                case 1...63:
                    length += size + 1
                    guard at + 1 + size <= bytes.count, length <= 254 else { return nil }
                    labels.append(String(decoding: bytes[at + 1..<at + 1 + size], as: UTF8.self))
                    at += 1 + size
                case 0xC0...:
                    guard at + 1 < bytes.count else { return nil }
                    let next = (size & 0x3F) << 8 | Int(bytes[at + 1])
                    guard next < border else { return nil }
                    if !hasJumped { place = at + 2 }
                    (at, border, hasJumped) = (next, next, true)
                default: return nil
                }
            }
            return nil
        }
    }
}
