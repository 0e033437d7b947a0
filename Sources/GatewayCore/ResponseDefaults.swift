import HTTPWire

/// Field lines that every response of a route gets, whoever makes it, unless the service has set the field itself.
package final class ResponseDefaults: Sendable {
    package struct Field: Hashable, Sendable {
        /// In lower case.
        let name: [UInt8]
        /// With its line end.
        let line: [UInt8]
        /// Only where the client speaks TLS, with this node or with a trusted proxy in front of it.
        let isForTLS: Bool

        package init(_ name: String, _ value: String, isForTLS: Bool = false) {
            self.name = Array(name.lowercased().utf8)
            line = Array("\(name): \(value)\r\n".utf8)
            self.isForTLS = isForTLS
        }
    }

    private let fields: [Field]

    package init(_ fields: [Field]) { self.fields = fields }

    fileprivate func append(to exchange: Exchange, unless isSet: (Bytes) -> Bool) {
        for field in fields {
            if field.isForTLS, !exchange.isClientSecure { continue }
            if field.name.withUnsafeBufferPointer(isSet) { continue }
            exchange.responseLines.append(field.line)
        }
    }
}

extension Exchange {
    /// Whether the client's own connection is encrypted, as far as can be known.
    fileprivate var isClientSecure: Bool {
        if peer.isTrusted, let scheme = request.fields.first(.forwardedProto) {
            return scheme.equalsIgnoringCase("https")
        }
        return peer.isSecure
    }

    /// Before the head of a service's response is written.
    package func addDefaults(to head: ResponseHead) {
        guard let defaults = plan?.responseDefaults else { return }
        defaults.append(to: self) { name in
            (0..<head.fields.count).contains { index in
                !head.fields.slots[index].isDropped && head.fields.name(index).equalsIgnoringCase(name)
            }
        }
    }

    /// Before the head of a kept response is written.
    package func addDefaults(to head: StoredHead) {
        guard let defaults = plan?.responseDefaults else { return }
        defaults.append(to: self) { head.has($0) }
    }

    /// Before a reply of the gateway's own.
    func addDefaults() {
        plan?.responseDefaults?.append(to: self) { _ in false }
    }
}

extension StoredHead {
    /// Whether it has a field of this name, which is in lower case.
    fileprivate func has(_ name: Bytes) -> Bool {
        var start = 0
        while start < lines.count {
            var end = start
            while end < lines.count, lines[end] != 0x0A { end &+= 1 }
            let isLongEnough = end &- start > name.count
            if isLongEnough, lines[start &+ name.count] == 0x3A, lines.slice(start, name.count).equalsIgnoringCase(name)
            {
                return true
            }
            start = end &+ 1
        }
        return false
    }
}
