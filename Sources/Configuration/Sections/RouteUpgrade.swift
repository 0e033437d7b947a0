/// `upgrade` of a route: which protocols its connections may change to (RFC 9110, 7.8; RFC 8441), and for how long.
package struct RouteUpgrade: Hashable, Sendable {
    package enum Protocols: Hashable, Sendable {
        /// All but those that are HTTP themselves.
        case any
        /// Names in lower case, at least one.
        case only([String])
    }

    package var protocols = Protocols.only(["websocket"])
    /// How long nothing may pass in either direction.
    package var idleTimeoutMicroseconds = 300_000_000
    package var lifetimeMicroseconds = 86_400_000_000

    /// Nil: off.
    static let kind: Kind<RouteUpgrade?> = {
        let words = Kind<RouteUpgrade?>.choice([
            "off": nil, "websocket": RouteUpgrade(), "any": RouteUpgrade(protocols: .any),
        ])
        return Kind(
            noun: "off, websocket, any, or { protocols: [websocket], idle_timeout: 5m, lifetime: 24h }",
            schema: { drawing in ["anyOf": [words.schema(drawing), full.schema(drawing)]] },
            read: { reader, noun in
                if case .mapping = reader.node.content { return full.read(reader) }
                return words.described(as: noun).read(reader)
            }, write: words.write)
    }()

    private static let full = Kind<RouteUpgrade>.section(
        "upgrade", "a mapping such as { protocols: [websocket], idle_timeout: 5m, lifetime: 24h }"
    ) { section in
        var upgrade = RouteUpgrade()
        upgrade.protocols = section.value(
            "protocols", .upgradeProtocols, default: upgrade.protocols, "The protocols; any: all that clients ask for.")
        upgrade.idleTimeoutMicroseconds = section.value(
            "idle_timeout", .duration(100_000...86_400_000_000), default: upgrade.idleTimeoutMicroseconds,
            "How long nothing may pass in either direction.")
        upgrade.lifetimeMicroseconds = section.value(
            "lifetime", .duration(1_000_000...31_536_000_000_000), default: upgrade.lifetimeMicroseconds,
            "How long the connection may last.")
        return upgrade
    }
}

extension Kind where Value == RouteUpgrade.Protocols {
    fileprivate static var upgradeProtocols: Kind {
        let names = Kind<[String]>.oneOrMany(.upgradeProtocol).map { names, _ in RouteUpgrade.Protocols.only(names) }
        return .word("any", .any, or: names)
    }
}

extension Kind where Value == String {
    /// A tunnel of HTTP would carry requests past routes, limits and authentication.
    fileprivate static var upgradeProtocol: Kind {
        lowerCaseToken("the name of a protocol, such as websocket").map { name, reader in
            guard !["h2c", "http", "tls"].contains(name) else {
                reader.report(
                    "\(name) would carry requests past the routes, so it is never passed", hint: "remove it")
                return nil
            }
            return name
        }
    }
}
