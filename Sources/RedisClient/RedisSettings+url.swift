extension RedisSettings {
    /// Why a text is no usable `redis://` URL: a sentence for the user.
    package struct MalformedURL: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// `redis://[[user]:password@]host[:port][/database]`; user and password may be percent-encoded.
    package init(url: String) throws(MalformedURL) {
        guard let scheme = url.firstRange(of: "://"), url[..<scheme.lowerBound] == "redis" else {
            throw MalformedURL(description: "expected redis://[[user]:password@]host[:port][/database]")
        }
        var rest = url[scheme.upperBound...]
        self.init()
        if let slash = rest.lastIndex(of: "/"), !rest[slash...].contains("@") {
            database = try Self.database(rest[rest.index(after: slash)...])
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            try setCredentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        try setAddress(rest)
    }

    private mutating func setCredentials(_ text: Substring) throws(MalformedURL) {
        guard let colon = text.firstIndex(of: ":") else {
            throw MalformedURL(description: "expected [user]:password before the \"@\"; there is no colon")
        }
        let user = try Self.decoded(text[..<colon])
        username = user.isEmpty ? nil : user
        password = try Self.decoded(text[text.index(after: colon)...])
    }

    /// `host`, `host:port`, `[v6]` or `[v6]:port`.
    private mutating func setAddress(_ text: Substring) throws(MalformedURL) {
        var port: Substring?
        var name = text
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            name = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.lastIndex(of: ":") {
            name = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !name.isEmpty else { throw MalformedURL(description: "expected a host name or address") }
        host = String(name)
        guard let port else { return }
        guard let number = Int(port), (1...65_535).contains(number) else {
            throw MalformedURL(description: "expected a port from 1 to 65535, found \"\(port)\"")
        }
        self.port = number
    }

    private static func database(_ text: Substring) throws(MalformedURL) -> Int {
        if text.isEmpty { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw MalformedURL(description: "expected the number of a database after the \"/\", found \"\(text)\"")
        }
        return number
    }

    private static func decoded(_ text: Substring) throws(MalformedURL) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
                throw MalformedURL(description: "expected two hexadecimal digits after \"%\" in user or password")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
