/// Which stored responses a changed resource makes invalid (RFC 9111 §4.4).
package enum InvalidationTargets {
    /// RFC 9110 §9.2.1, and methods that nobody here knows are not safe either.
    package static func isUnsafe(_ method: FieldText) -> Bool {
        !["GET", "HEAD", "OPTIONS", "TRACE"].contains(String(decoding: method, as: UTF8.self))
    }

    /// An unsafe request has changed something only if it was not refused.
    package static func isChange(status: Int) -> Bool { (200..<400).contains(status) }

    /// The path and query that a `Location` or `Content-Location` names on the same origin; nil if it is elsewhere.
    /// - Parameters:
    ///   - scheme, host: of the request.
    ///   - path: of the request, for relative references.
    package static func resolve(_ reference: String, scheme: String, host: String, path: String) -> String? {
        let whole = reference.prefix { $0 != "#" }
        if let mark = whole.range(ofScheme: "://") {
            guard whole[..<mark.lowerBound].lowercased() == scheme.lowercased() else { return nil }
            return local(whole[mark.upperBound...], host, scheme)
        }
        if whole.hasPrefix("//") { return local(whole.dropFirst(2), host, scheme) }
        if whole.hasPrefix("/") { return normalised(String(whole)) }
        if whole.hasPrefix("?") { return path + whole }
        if whole.isEmpty { return path }
        // A colon in the first segment is a scheme such as `mailto:`.
        if whole.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") { return nil }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        return normalised(folder + String(whole))
    }

    private static func local(_ rest: Substring, _ host: String, _ scheme: String) -> String? {
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard named(authority, scheme) == named(host[...], scheme) else { return nil }
        let target = rest[authority.endIndex...]
        return target.isEmpty ? "/" : target.hasPrefix("/") ? normalised(String(target)) : "/" + target
    }

    /// An authority without regard to case, and without the port that its scheme means anyway (RFC 3986 §6.2.3).
    private static func named(_ authority: Substring, _ scheme: String) -> String {
        let (name, port) = (authority.lowercased(), scheme.lowercased() == "https" ? ":443" : ":80")
        return name.hasSuffix(port) ? String(name.dropLast(port.count)) : name
    }

    /// Without `.` and `..` segments (RFC 3986 §5.2.4).
    private static func normalised(_ target: String) -> String {
        let path = target.prefix { $0 != "?" }
        var segments: [Substring] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            if segment == ".." { _ = segments.popLast() } else if segment != "." { segments.append(segment) }
        }
        if path.hasSuffix("/.") || path.hasSuffix("/..") { segments.append("") }
        return "/" + segments.joined(separator: "/") + target[path.endIndex...]
    }
}

extension Substring {
    /// Where `://` follows letters, digits and the like.
    fileprivate func range(ofScheme mark: String) -> Range<Index>? {
        guard let colon = firstIndex(of: ":"), self[colon...].hasPrefix(mark),
            self[..<colon].allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) })
        else { return nil }
        return colon..<index(colon, offsetBy: mark.count)
    }
}
