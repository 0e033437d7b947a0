/// What is asked of a name server, and its message (RFC 1035 §4).
package struct DNSQuestion: Hashable, Sendable {
    package enum Kind: UInt16, Hashable, Sendable {
        /// IPv4 addresses, IPv6 addresses, and services (RFC 2782).
        case a = 1
        case aaaa = 28
        case srv = 33
    }

    package let name: String
    package let kind: Kind

    package init(_ name: String, _ kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// What answers may take over UDP, as is asked for (RFC 6891); larger ones come cut off, which still says enough.
    package static let mostBytes = 4096

    /// Nil for a name that can't be asked for: labels of 1 to 63 bytes, 253 in all.
    package func message(id: UInt16) -> [UInt8]? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isRooted = labels.last?.isEmpty == true && labels.count > 1
        guard name.utf8.count <= 253, !labels.isEmpty else { return nil }
        // Recursion is wanted; one question, one additional record.
        var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xFF), 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 1]
        for label in isRooted ? labels.dropLast() : labels[...] {
            guard (1...63).contains(label.utf8.count) else { return nil }
            bytes.append(UInt8(label.utf8.count))
            bytes += label.utf8
        }
        bytes += [0, UInt8(kind.rawValue >> 8), UInt8(kind.rawValue & 0xFF), 0, 1]
        // OPT: the root's name, the type 41, the size, and nothing more.
        bytes += [0, 0, 41, UInt8(Self.mostBytes >> 8), UInt8(Self.mostBytes & 0xFF), 0, 0, 0, 0, 0, 0]
        return bytes
    }
}
