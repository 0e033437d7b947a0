/// An absolute http or https URL of a service that the gateway asks on its own account.
package struct ServiceURL: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let text: String
    package let isSecure: Bool
    /// Without brackets.
    package let host: String
    package let port: Int
    /// Path and query, at least `/`.
    package let target: String

    /// Nil for what is no such URL, has a user or a fragment, or holds what has no place in a request line.
    package init?(_ text: String) {
        self.text = text
        guard let colon = text.firstRange(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        switch text[..<colon.lowerBound].lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: return nil
        }
        let rest = text[colon.upperBound...]
        let border = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let (authority, path) = (rest[..<border], rest[border...])
        guard !path.contains("#"), !authority.contains("@"), !authority.isEmpty else { return nil }
        target = path.hasPrefix("/") ? String(path) : "/" + path
        guard let (host, port) = Self.split(authority) else { return nil }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    private static func split(_ authority: Substring) -> (String, Int?)? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let host = String(authority[authority.index(after: authority.startIndex)..<end])
            return port(authority[authority.index(after: end)...]).map { (host, $0) }
        }
        let colon = authority.firstIndex(of: ":") ?? authority.endIndex
        guard colon > authority.startIndex else { return nil }
        return port(authority[colon...]).map { (String(authority[..<colon]), $0) }
    }

    /// Of what follows the host; `.some(nil)`: none is said.
    private static func port(_ text: Substring) -> Int?? {
        if text.isEmpty { return .some(nil) }
        guard text.hasPrefix(":"), let port = Int(text.dropFirst()), (1...65_535).contains(port) else { return nil }
        return port
    }

    /// As `Host`.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }

    /// The same service with another path.
    package func with(path: String) -> ServiceURL? {
        ServiceURL("\(isSecure ? "https" : "http")://\(authority)\(path)")
    }
}
