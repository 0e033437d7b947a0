/// What a node of a cluster answers instead of doing a command.
enum RedisRedirect: Hashable {
    /// The slot belongs to another node for good.
    case moved(RedisSlot, RedisAddress)
    /// The slot is on its way to another node, and this key has arrived there already or never was.
    case ask(RedisSlot, RedisAddress)
    /// The slot is on its way, and the keys of the command are not all on one side.
    case tryAgain
    /// The cluster serves no slots, or not this one.
    case clusterDown

    /// Nil: the error is the command's own. The host is empty where it is that of the node which answers.
    init?(_ error: String) {
        let words = error.split(separator: " ", maxSplits: 3)
        switch words.first {
        case "MOVED", "ASK":
            guard words.count >= 3, let number = UInt16(words[1]), let slot = RedisSlot(number: number),
                let address = RedisAddress(redirect: words[2])
            else { return nil }
            self = words[0] == "ASK" ? .ask(slot, address) : .moved(slot, address)
        case "TRYAGAIN": self = .tryAgain
        case "CLUSTERDOWN": self = .clusterDown
        default: return nil
        }
    }
}

extension RedisAddress {
    /// `host:port`, where a host of IPv6 has no brackets.
    fileprivate init?(redirect text: Substring) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        self.init(host: String(text[..<colon]), port: port)
    }
}
