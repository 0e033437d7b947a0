import Policies

/// What stands behind a name, for a while.
package struct ResolvedName: Hashable, Sendable {
    package struct Place: Hashable, Sendable {
        package var address: IPAddress
        /// Nil: as configured.
        package var port: Int?
        /// Relative to the other places of the name.
        package var weight = 1

        package init(address: IPAddress, port: Int? = nil, weight: Int = 1) {
            self.address = address
            self.port = port
            self.weight = weight
        }
    }

    /// In an order that does not depend on the server's.
    package var places: [Place]
    package var timeToLive: Int
}

/// Looks a name up: in the hosts file, then with its search domains at the name servers.
package struct NameLookup: Sendable {
    package enum Kind: Hashable, Sendable { case addresses, services }

    /// What one name may stand for at most.
    static let mostPlaces = 64

    private let settings: ResolverSettings
    private let ask: @Sendable (DNSQuestion) async throws -> DNSAnswer

    /// - Parameter ask: as `NameServer.ask`.
    package init(_ settings: ResolverSettings, ask: @escaping @Sendable (DNSQuestion) async throws -> DNSAnswer) {
        self.settings = settings
        self.ask = ask
    }

    /// Nil: there is no such name.
    /// - Throws: nobody could tell.
    package func look(_ name: String, _ kind: Kind) async throws -> ResolvedName? {
        switch kind {
        case .addresses: try await addresses(name)
        case .services: try await services(name)
        }
    }

    private func addresses(_ name: String) async throws -> ResolvedName? {
        let plain = name.hasSuffix(".") ? String(name.dropLast()) : name
        if let known = settings.hosts[plain.lowercased()] {
            // The file may change, and is read again then.
            return resolved(known.map { ResolvedName.Place(address: $0) }, 30)
        }
        for candidate in settings.candidates(name) {
            // IPv6 where there is nothing else: each address is a target, and one that can't be reached would cost attempts.
            for kind in [DNSQuestion.Kind.a, .aaaa] {
                let answer = try await ask(DNSQuestion(candidate, kind))
                guard !answer.addresses.isEmpty else { continue }
                return resolved(answer.addresses.map { ResolvedName.Place(address: $0) }, answer.timeToLive ?? 0)
            }
        }
        return nil
    }

    /// Those of the lowest priority; others are for when these are taken out of the records.
    private func services(_ name: String) async throws -> ResolvedName? {
        for candidate in settings.candidates(name) {
            let answer = try await ask(DNSQuestion(candidate, .srv))
            guard let first = answer.services.map(\.priority).min() else { continue }
            var (places, life): ([ResolvedName.Place], Int) = ([], answer.timeToLive ?? 0)
            for service in answer.services.filter({ $0.priority == first }).prefix(Self.mostPlaces) {
                guard let found = try await addresses(service.target + ".") else { continue }
                life = min(life, found.timeToLive)
                places += found.places.map {
                    // RFC 2782: a weight of 0 is for services among which nothing is to be chosen.
                    ResolvedName.Place(address: $0.address, port: service.port, weight: max(service.weight, 1))
                }
            }
            return places.isEmpty ? nil : resolved(places, life)
        }
        return nil
    }

    private func resolved(_ places: [ResolvedName.Place], _ life: Int) -> ResolvedName {
        var seen: Set<ResolvedName.Place> = []
        let sorted = places.filter { seen.insert($0).inserted }.sorted {
            ($0.address.high, $0.address.low, $0.port ?? 0) < ($1.address.high, $1.address.low, $1.port ?? 0)
        }
        return ResolvedName(places: Array(sorted.prefix(Self.mostPlaces)), timeToLive: life)
    }
}
