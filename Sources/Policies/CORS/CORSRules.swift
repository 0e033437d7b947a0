/// Which pages of other origins may call, by the Fetch standard's CORS protocol (https://fetch.spec.whatwg.org/#http-cors-protocol).
package struct CORSRules: Hashable, Sendable {
    package enum Origins: Hashable, Sendable {
        case any
        case listed([OriginPattern])
    }

    package enum Names: Hashable, Sendable {
        /// Whatever is asked for.
        case any
        case listed([String])
    }

    package var origins = Origins.any
    /// Upper case.
    package var methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    package var headers = Names.any
    /// Response fields that pages may read besides the safe ones.
    package var exposed: [String] = []
    /// Whether requests may carry cookies and credentials.
    package var allowsCredentials = false
    /// How long a browser may remember a preflight, in seconds.
    package var maximumAgeSeconds = 600
    /// Whether public pages may call a private network (Private Network Access).
    package var allowsPrivateNetwork = false

    package init() {}

    package func allows(origin: some Collection<UInt8>) -> Bool {
        switch origins {
        case .any: true
        case .listed(let patterns): patterns.contains { $0.matches(origin) }
        }
    }

    /// Methods are compared exactly (RFC 9110 §9.1).
    package func allows(method: some Collection<UInt8>) -> Bool { methods.contains { method.elementsEqual($0.utf8) } }

    /// - Parameter name: of a request field, in any case.
    package func allows(header name: some Collection<UInt8>) -> Bool {
        switch headers {
        case .any: true
        case .listed(let names): names.contains { name.elementsEqual($0.utf8) { lowered($0) == lowered($1) } }
        }
    }

    /// Whether all origins get the same answer, so that caches need not tell them apart.
    package var answersAllAlike: Bool { origins == .any && !allowsCredentials }
}

/// An origin, or all hosts below a name: `https://*.example.com`.
package struct OriginPattern: Hashable, Sendable {
    /// Lower case, as browsers send origins.
    private let prefix: [UInt8]
    /// Behind the wildcard; nil: there is none.
    private let suffix: [UInt8]?

    /// Nil unless it is a scheme, a host with at most one wildcard as its first label, and maybe a port, without a path.
    package init?(_ text: String) {
        let text = text.lowercased()
        guard let colon = text.firstRange(of: "://"), !text[..<colon.lowerBound].isEmpty else { return nil }
        let authority = text[colon.upperBound...]
        guard !authority.isEmpty, !authority.contains(where: { "/?#@ ".contains($0) }) else { return nil }
        guard authority.contains("*") else {
            prefix = Array(text.utf8)
            suffix = nil
            return
        }
        guard authority.hasPrefix("*."), !authority.dropFirst().contains("*"), authority.count > 2 else { return nil }
        prefix = Array(text[..<colon.upperBound].utf8)
        suffix = Array(authority.dropFirst().utf8)
    }

    package func matches(_ origin: some Collection<UInt8>) -> Bool {
        guard let suffix else { return origin.elementsEqual(prefix) { lowered($0) == $1 } }
        guard origin.count > prefix.count + suffix.count, origin.starts(with: prefix, by: { lowered($0) == $1 }) else {
            return false
        }
        let host = origin.dropFirst(prefix.count)
        // Of what the wildcard stands for, nothing may end the host: the rest is the suffix to its last byte.
        return host.dropFirst(host.count - suffix.count).elementsEqual(suffix) { lowered($0) == $1 }
            && host.dropLast(suffix.count).allSatisfy { isHostByte($0) }
    }
}

private func lowered(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

private func isHostByte(_ byte: UInt8) -> Bool {
    let byte = lowered(byte)
    return (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x2E
}
