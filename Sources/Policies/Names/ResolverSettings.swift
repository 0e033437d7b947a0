/// Whom to ask for names: what `/etc/resolv.conf` and `/etc/hosts` say, or the configuration.
package struct ResolverSettings: Hashable, Sendable {
    package struct Server: Hashable, Sendable {
        package var address: IPAddress
        package var port: Int

        package init(address: IPAddress, port: Int = 53) {
            self.address = address
            self.port = port
        }
    }

    /// In the order in which they are asked.
    package var servers: [Server] = []
    /// Appended to names with fewer dots than `dots`, before they are asked as they are.
    package var search: [String] = []
    package var dots = 1
    /// Of one question to one server, in microseconds.
    package var timeoutMicroseconds = 1_000_000
    /// Names that need no asking.
    package var hosts: [String: [IPAddress]] = [:]
    /// What a record's time to live is kept within, in microseconds.
    package var shortestLifeMicroseconds = 1_000_000
    package var longestLifeMicroseconds = 300_000_000

    package init() {}

    /// What cannot be read there is passed over, as the system's own resolver does.
    package mutating func read(resolvConf text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
            guard words.count > 1 else { continue }
            switch words[0] {
            case "nameserver":
                if servers.count < 3, let address = IPAddress(words[1]) { servers.append(Server(address: address)) }
            case "search", "domain": search = Array(words.dropFirst().prefix(6))
            case "options":
                for option in words.dropFirst() where option.hasPrefix("ndots:") {
                    dots = min(max(Int(option.dropFirst(6)) ?? dots, 0), 15)
                }
            default: break
            }
        }
    }

    package mutating func read(hosts text: String) {
        for line in text.split(whereSeparator: \.isNewline).prefix(10_000) {
            let words = (line.split(separator: "#", omittingEmptySubsequences: false).first ?? "")
                .split { $0 == " " || $0 == "\t" }.map(String.init)
            guard let first = words.first, let address = IPAddress(first) else { continue }
            for name in words.dropFirst() { hosts[name.lowercased(), default: []].append(address) }
        }
    }

    /// What to ask for a name, in this order, until something is found.
    package func candidates(_ name: String) -> [String] {
        if name.hasSuffix(".") { return [name] }
        let searched = search.map { "\(name).\($0)" }
        return name.count { $0 == "." } >= dots ? [name] + searched : searched + [name]
    }
}

/// When a name is asked for again.
package struct NamePace: Hashable, Sendable {
    private var failures = 0

    package init() {}

    /// The pause after an answer, in microseconds.
    package mutating func answered(timeToLive seconds: Int, _ settings: ResolverSettings) -> Int {
        failures = 0
        let life = min(max(seconds, 0), 86_400) * 1_000_000
        return min(max(life, settings.shortestLifeMicroseconds), settings.longestLifeMicroseconds)
    }

    /// The pause after a failure: a second, doubled up to half a minute. What was known stays in force.
    package mutating func failed() -> Int {
        failures = min(failures + 1, 6)
        return min(1_000_000 << (failures - 1), 30_000_000)
    }
}
