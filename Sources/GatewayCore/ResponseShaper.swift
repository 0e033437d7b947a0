import HTTPWire

/// Changes the head of a response on its way to the client, whoever made it. Called once for each exchange that it was
/// pushed on, on its worker, by the client's connection.
///
/// Lines are added to `Exchange.responseLines`; what others have put there may be taken out as well.
package protocol ResponseShaper: AnyObject {
    /// A service's response: fields that shall not pass are dropped.
    func shape(_ head: ResponseHead, for exchange: Exchange)

    /// A response that is kept. Returns it with the lines that pass, valid until the next call.
    func shape(_ head: StoredHead, for exchange: Exchange) -> StoredHead

    /// A reply of the gateway's own, whose own lines stay.
    func shape(_ reply: Reply, for exchange: Exchange)
}

extension Exchange {
    /// What the client's connection does with a head before it writes it. A change of protocols is nobody's to shape.
    package func shape(_ head: ResponseHead) {
        guard !shapers.isEmpty, head.status != 101 else { return }
        for shaper in shapers.reversed() { shaper.shape(head, for: self) }
    }

    package func shape(_ head: StoredHead) -> StoredHead {
        guard !shapers.isEmpty else { return head }
        return shapers.reversed().reduce(head) { $1.shape($0, for: self) }
    }

    package func shape(_ reply: Reply) {
        guard !shapers.isEmpty else { return }
        for shaper in shapers.reversed() { shaper.shape(reply, for: self) }
    }
}

extension Reply {
    /// Whether the reply says this itself, so that a second line would contradict it.
    package func says(_ name: Bytes) -> Bool {
        if name.equalsIgnoringCase("date") || name.equalsIgnoringCase("content-length") { return true }
        switch body {
        case .problem where name.equalsIgnoringCase("content-type") || name.equalsIgnoringCase("cache-control"):
            return true
        default: break
        }
        return lines.withUnsafeBufferPointer { FieldLines.contains(name, in: $0) }
    }
}
