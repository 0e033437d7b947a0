extension ResponseHead {
    /// Seconds for which the peer keeps the connection open unused, as `Keep-Alive: timeout=5` says (RFC 2068 §19.7.1.1);
    /// nil if it doesn't say.
    package var keepAliveSeconds: Int? {
        for index in 0..<fields.count
        where fields.slots[index].kind == .hopByHop && fields.name(index).equalsIgnoringCase("keep-alive") {
            for part in fields.value(index).split(separator: UInt8(ascii: ",")) {
                let text = Bytes(rebasing: part).trimmed
                let name = text.prefix(8)
                guard Bytes(rebasing: name).equalsIgnoringCase("timeout=") else { continue }
                return Decimal.parse(text.slice(8, text.count - 8))
            }
        }
        return nil
    }
}
