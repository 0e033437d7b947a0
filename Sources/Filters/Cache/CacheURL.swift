import HTTPWire

/// A URL as an operator writes it, to find what is cached of it.
///
/// Scheme and host may be left out, and without a query all queries are meant. With one, all keys are meant that a request
/// for the URL may have, whichever of its parameters the route leaves out of the key. What else tells keys apart, such as
/// the scheme behind a proxy or a header, never matters: a purge must not miss any.
package struct CacheURL: Hashable, Sendable {
    /// In lower case, with its port if it has one; nil: any.
    let host: String?
    /// As keys have it.
    let path: String
    /// Nil: any.
    let parameters: Set<Substring>?

    package init(_ url: String) {
        var rest = url.prefix { $0 != "#" }
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        let named = rest.prefix { $0 != "/" && $0 != "?" }
        host = named.isEmpty ? nil : Self.asInKeys(named.lowercased())
        rest = rest.dropFirst(named.count)
        let target = Self.normalised(rest.hasPrefix("/") ? String(rest) : "/\(rest)")
        let written = target.prefix { $0 != "?" }
        path = String(written)
        let query = target.dropFirst(written.count)
        parameters = rest.contains("?") ? Set(query.dropFirst().split(separator: "&")) : nil
    }

    /// Whether this is a key of the URL.
    package func isOf(key: Bytes) -> Bool {
        let key = String(decoding: key, as: UTF8.self)
        guard let scheme = key.firstRange(of: "://"), let root = key[scheme.upperBound...].firstIndex(of: "/") else {
            return false
        }
        guard host == nil || key[scheme.upperBound..<root] == host ?? "" else { return false }
        let target = key[root...].prefix { $0 != "|" }
        let itsPath = target.prefix { $0 != "?" }
        guard itsPath == path else { return false }
        guard let parameters else { return true }
        return target.dropFirst(itsPath.count + 1).split(separator: "&").allSatisfy { parameters.contains($0) }
    }

    /// The target as a node makes it of a request's; what no node would accept stays as it is.
    private static func normalised(_ target: String) -> String {
        let request = RequestHead()
        let head = Array("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
        let outcome = head.withUnsafeBufferPointer { request.parse($0, limit: 1 << 20) }
        guard case .complete = outcome else { return asInKeys(target) }
        return asInKeys(request.pathAndQuery.text)
    }

    private static func asInKeys(_ text: String) -> String {
        let key = ByteBuilder(capacity: text.utf8.count + 16)
        var text = text
        text.withUTF8 { CacheKeyWriter.append($0, to: key) }
        return key.bytes.text
    }
}
