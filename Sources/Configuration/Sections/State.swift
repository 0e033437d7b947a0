/// `state`: where the nodes keep what they share.
package struct StateSettings: Hashable, Sendable {
    /// Nil: in this process; limits then hold for one node.
    package var redis: RedisEndpoint?
    /// The first part of every key.
    package var namespace = "sluice"
    /// How long a request waits for Redis.
    package var timeoutMicroseconds = 50_000
    package var onFailure = FailurePolicy.local

    /// What limits do while Redis does not answer (STATE.md, promise 4).
    package enum FailurePolicy: String, Hashable, Sendable {
        /// Each node enforces its share of the limit from its own memory.
        case local
        case allow
        /// 503.
        case deny
    }

    static let kind = Kind<StateSettings>.section("state", "a mapping with redis, namespace, timeout and on_failure") {
        section in
        var state = StateSettings()
        state.redis = section.optional(
            "redis", .redisEndpoint, "redis://[user[:password]@]host[:port][/db]; absent: in-process, one node.")
        state.namespace = section.value(
            "namespace", .name("a namespace"), default: state.namespace,
            "First part of every key in Redis; nodes with one namespace are one cluster.")
        state.timeoutMicroseconds = section.value(
            "timeout", .duration(1_000...10_000_000), default: state.timeoutMicroseconds,
            "How long a request waits for Redis.")
        state.onFailure = section.value(
            "on_failure", .choice(["local": .local, "allow": .allow, "deny": .deny]), default: state.onFailure,
            "What limits do while Redis does not answer: enforce a share locally, allow, or deny with 503.")
        return state
    }
}

/// A single Redis server.
package struct RedisEndpoint: Hashable, Sendable {
    package var host: String
    package var port = 6379
    /// ACL user; nil: the default user.
    package var user: String?
    package var password: Secret?
    package var database = 0

    package init(
        host: String, port: Int = 6379, user: String? = nil, password: Secret? = nil, database: Int = 0
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
    }
}

extension RedisEndpoint {
    fileprivate enum URLProblem: Error {
        case malformed
        case notYet(scheme: String)
        case passwordMissing
    }

    /// Reads `redis://[user[:password]@]host[:port][/db]`; user and password are percent-encoded (RFC 3986).
    fileprivate init(url: String) throws(URLProblem) {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(":"), parts[1].isEmpty else { throw .malformed }
        let scheme = parts[0].dropLast().lowercased()
        guard !["rediss", "redis+sentinel", "redis+cluster"].contains(scheme) else { throw .notYet(scheme: scheme) }
        guard scheme == "redis" else { throw .malformed }
        var rest = parts[2]
        var endpoint = RedisEndpoint(host: "127.0.0.1")
        if let at = rest.lastIndex(of: "@") {
            try endpoint.setCredentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if let slash = rest.firstIndex(of: "/") {
            let name = rest[rest.index(after: slash)...]
            guard let number = name.isEmpty ? 0 : Int(digits: name), (0...65_535).contains(number) else {
                throw .malformed
            }
            endpoint.database = number
            rest = rest[..<slash]
        }
        let hasPort = rest.hasPrefix("[") ? !rest.hasSuffix("]") : rest.contains(":")
        guard !rest.hasPrefix(":"), let address = BindAddress(text: hasPort ? String(rest) : "\(rest):6379"),
            address.port > 0
        else { throw .malformed }
        endpoint.host = address.host
        endpoint.port = address.port
        self = endpoint
    }

    private mutating func setCredentials(_ text: Substring) throws(URLProblem) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .passwordMissing }
        guard let name = percentDecoded(parts[0]), let secret = percentDecoded(parts[1]) else { throw .malformed }
        user = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        password = Secret(secret)
    }
}

/// RFC 3986, 2.1; nil where `%` is not followed by two digits.
private func percentDecoded(_ text: Substring) -> [UInt8]? {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            result.append(byte)
            continue
        }
        let digits = String(decoding: rest.prefix(2), as: UTF8.self)
        guard digits.utf8.count == 2, digits.first?.isHexDigit == true, let value = UInt8(digits, radix: 16) else {
            return nil
        }
        result.append(value)
        rest = rest.dropFirst(2)
    }
    return result
}

extension Kind where Value == RedisEndpoint {
    /// The URL may hold a password, so no message shows it.
    static var redisEndpoint: Kind {
        let noun = "a URL such as redis://127.0.0.1:6379/0"
        return Kind(noun: noun, schema: { _ in .pattern("^redis://") }) { reader, noun in
            guard let text = reader.text(expected: noun) else { return nil }
            do throws(RedisEndpoint.URLProblem) {
                return try RedisEndpoint(url: text.value)
            } catch {
                switch error {
                case .malformed:
                    reader.report(
                        "expected a URL of the form redis://[user[:password]@]host[:port][/db]",
                        hint: "percent-encode special characters in user and password")
                case .passwordMissing:
                    reader.report("a user in the URL needs a password", hint: "write redis://user:password@host")
                case .notYet(let scheme):
                    reader.reportNotYet("\(scheme)://")
                }
                return nil
            }
        }
    }
}
