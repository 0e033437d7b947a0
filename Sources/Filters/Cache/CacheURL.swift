import HTTPWire

/// A URL as an operator writes it, to find what is cached of it: scheme and host may be left out, and without a query all
/// queries are meant. What else tells keys apart, such as a header, never matters.
package struct CacheURL: Hashable, Sendable {
    /// Scheme and host, host alone, or nothing.
    let origin: String
    /// Path and query.
    let target: String

    package init(_ url: String) {
        let scheme = url.firstRange(of: "://")
        if scheme == nil, url.hasPrefix("/") {
            (origin, target) = ("", url)
            return
        }
        let host = scheme?.upperBound ?? url.startIndex
        guard let slash = url[host...].firstIndex(of: "/") else {
            (origin, target) = (url.lowercased(), "/")
            return
        }
        (origin, target) = (url[..<slash].lowercased(), String(url[slash...]))
    }

    /// Whether this is a key of the URL.
    package func isOf(key: Bytes) -> Bool {
        let key = String(decoding: key, as: UTF8.self)
        guard let scheme = key.firstRange(of: "://"), let path = key[scheme.upperBound...].firstIndex(of: "/") else {
            return false
        }
        guard origin.isEmpty || key[..<path] == origin || key[scheme.upperBound..<path] == origin else { return false }
        let rest = key[path...].prefix { $0 != "|" }
        return target.contains("?") ? rest == target : rest.prefix { $0 != "?" } == target
    }
}
