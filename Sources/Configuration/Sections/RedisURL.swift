/// What is wrong with the URL of a Redis.
enum RedisURLProblem: Error, Hashable {
    case scheme
    case malformed(RedisEndpoint.Topology)
    case passwordMissing
    case severalHosts
    case masterMissing
    case clusterDatabase
    case unknownParameter(RedisEndpoint.Topology)

    var message: String {
        switch self {
        case .scheme: "expected a URL of the form \(RedisEndpoint.Topology.forms[0])"
        case .malformed(let topology): "expected a URL of the form \(topology.form)"
        case .passwordMissing: "a user in the URL needs a password"
        case .severalHosts: "redis:// is for one server, but there are several"
        case .masterMissing: "the name of the master is missing after the sentinels"
        case .clusterDatabase: "a Redis Cluster has only database 0"
        case .unknownParameter: "the URL has a parameter that is not known"
        }
    }

    var hint: String {
        switch self {
        case .scheme:
            "redis+sentinel:// and redis+cluster:// take several hosts, and rediss in place of redis is encrypted"
        case .malformed: "percent-encode special characters in user and password"
        case .passwordMissing: "write redis://user:password@host"
        case .severalHosts: "write redis+sentinel://h1,h2/mymaster or redis+cluster://h1,h2"
        case .masterMissing: "write redis+sentinel://h1,h2/mymaster"
        case .clusterDatabase: "remove what follows the hosts, and let namespaces keep users of the cluster apart"
        case .unknownParameter(.sentinel): "known parameters: sentinel_user, sentinel_password"
        case .unknownParameter: "remove what follows the question mark"
        }
    }
}

extension RedisEndpoint {
    /// Reads the forms that `Topology.forms` shows; user, password and master are percent-encoded (RFC 3986).
    init(url: String) throws(RedisURLProblem) {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasSuffix(":"), parts[1].isEmpty else { throw .scheme }
        self.init(hosts: [])
        try setScheme(parts[0].dropLast().lowercased())
        var rest = parts[2]
        if let at = rest.lastIndex(of: "@") {
            try setCredentials(rest[..<at])
            rest = rest[rest.index(after: at)...]
        }
        if let mark = rest.firstIndex(of: "?") {
            try setParameters(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        let steps = rest.split(separator: "/", omittingEmptySubsequences: false)
        try setPath(steps.dropFirst())
        for host in steps[0].split(separator: ",", omittingEmptySubsequences: false) { try addHost(host) }
        if topology == .single, hosts.count > 1 { throw .severalHosts }
    }

    private mutating func setScheme(_ scheme: String) throws(RedisURLProblem) {
        let parts = scheme.split(separator: "+", omittingEmptySubsequences: false)
        switch parts.dropFirst().joined(separator: "+") {
        case "": topology = .single
        case "sentinel": topology = .sentinel(master: "")
        case "cluster": topology = .cluster
        default: throw .scheme
        }
        isEncrypted = parts[0] == "rediss"
        guard scheme == topology.scheme(isEncrypted: isEncrypted) else { throw .scheme }
    }

    private mutating func setCredentials(_ text: Substring) throws(RedisURLProblem) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw .passwordMissing }
        let name = try decoded(parts[0])
        user = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        password = Secret(try decoded(parts[1]))
    }

    /// `?sentinel_user=…&sentinel_password=…`
    private mutating func setParameters(_ text: Substring) throws(RedisURLProblem) {
        for parameter in text.split(separator: "&") {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, topology.defaultPort == 26_379 else { throw .unknownParameter(topology) }
            let value = try decoded(parts[1])
            switch parts[0] {
            case "sentinel_user": sentinelUser = String(decoding: value, as: UTF8.self)
            case "sentinel_password": sentinelPassword = Secret(value)
            default: throw .unknownParameter(topology)
            }
        }
        if sentinelUser != nil, sentinelPassword == nil { throw .passwordMissing }
    }

    /// What follows the hosts: a database, the name of a master and a database, or nothing.
    private mutating func setPath(_ steps: ArraySlice<Substring>) throws(RedisURLProblem) {
        var steps = steps
        if case .sentinel = topology {
            let name = try decoded(steps.popFirst() ?? "")
            guard !name.isEmpty else { throw .masterMissing }
            topology = .sentinel(master: String(decoding: name, as: UTF8.self))
        }
        guard let step = steps.popFirst(), !(step.isEmpty && steps.isEmpty) else { return }
        guard steps.isEmpty, let number = Int(digits: step), (0...65_535).contains(number) else {
            throw .malformed(topology)
        }
        if topology == .cluster, number != 0 { throw .clusterDatabase }
        database = number
    }

    private mutating func addHost(_ text: Substring) throws(RedisURLProblem) {
        let hasPort = text.hasPrefix("[") ? !text.hasSuffix("]") : text.contains(":")
        guard !text.isEmpty, !text.hasPrefix(":"),
            let address = BindAddress(text: hasPort ? String(text) : "\(text):\(topology.defaultPort)"),
            address.port > 0
        else { throw .malformed(topology) }
        hosts.append(address)
    }

    private func decoded(_ text: Substring) throws(RedisURLProblem) -> [UInt8] {
        guard let bytes = percentDecoded(text) else { throw .malformed(topology) }
        return bytes
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
