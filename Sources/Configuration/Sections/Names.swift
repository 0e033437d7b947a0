import Policies

/// `dns`: how names of targets are looked up.
package struct NameSettings: Hashable, Sendable {
    /// Empty: those of the system.
    package var servers: [BindAddress] = []
    /// Of one question to one server.
    package var timeoutMicroseconds = 1_000_000
    /// What a record's time to live is kept within.
    package var minimumTTLMicroseconds = 1_000_000
    package var maximumTTLMicroseconds = 300_000_000

    package init() {}

    static let kind = Kind<NameSettings>.section("dns", "a mapping such as { servers: [10.0.0.53] }") { section in
        var names = NameSettings()
        names.servers = section.value(
            "servers", .list(.nameServer), default: [],
            "Name servers, asked in this order; absent: those of /etc/resolv.conf.")
        names.timeoutMicroseconds = section.value(
            "timeout", .duration(10_000...30_000_000), default: names.timeoutMicroseconds,
            "How long one question to one server may take.")
        names.minimumTTLMicroseconds = section.value(
            "minimum_ttl", .duration(100_000...86_400_000_000), default: names.minimumTTLMicroseconds,
            "Names are not looked up again sooner, whatever their records say.")
        names.maximumTTLMicroseconds = section.value(
            "maximum_ttl", .duration(100_000...86_400_000_000), default: names.maximumTTLMicroseconds,
            "Names are looked up again after this time at the latest.")
        return names
    }
}

extension Kind where Value == BindAddress {
    /// An address, with a port unless it is 53.
    fileprivate static var nameServer: Kind {
        let noun = "the address of a name server such as 10.0.0.53 or 127.0.0.1:5353"
        return .scalar(noun, schema: .pattern("^[0-9a-fA-F.:\\[\\]]+$"), write: { .string($0.description) }) {
            text throws(ScalarProblem) in
            if IPAddress(text.value) != nil { return BindAddress(host: text.value, port: 53) }
            guard let server = BindAddress(text: text.value), IPAddress(server.host) != nil, server.port > 0 else {
                throw .expected()
            }
            return server
        }
    }
}
