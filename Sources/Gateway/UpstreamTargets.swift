import Configuration
import Policies
import Telemetry
import Transport

/// From the targets of a configuration to those that are connected to.
extension Configuration.UpstreamSettings {
    /// The names whose meaning has to be known.
    var watchedNames: Set<NameWatch.Name> { Set(targets.compactMap(\.watchName)) }

    /// - Parameters:
    ///   - zone: the node's.
    ///   - places: what names stand for. A name that is not known yet is left to whoever connects; services can't be.
    func transportTargets(
        zone: String?, _ places: [NameWatch.Name: [ResolvedName.Place]] = [:]
    ) -> [Transport.UpstreamSettings.Target] {
        targets.flatMap { target -> [Transport.UpstreamSettings.Target] in
            let made = Transport.UpstreamSettings.Target(target, zone: zone)
            guard let name = target.watchName else { return [made] }
            guard let known = places[name] else { return name.kind == .services ? [] : [made] }
            return known.map { made.at($0) }
        }
    }
}

extension TargetSettings {
    fileprivate var watchName: NameWatch.Name? {
        watchedName.map { NameWatch.Name(host: $0, kind: resolution == .services ? .services : .addresses) }
    }
}

extension Transport.UpstreamSettings.Target {
    fileprivate init(_ target: TargetSettings, zone: String?) {
        self.init(
            host: target.host, port: target.port, weight: target.weight, isSecure: target.isSecure,
            speaks: Speaking(target.speaks))
        isNear = zone != nil && target.zone == zone
    }

    fileprivate func at(_ place: ResolvedName.Place) -> Self {
        var target = self
        target.address = place.address.description
        target.port = place.port ?? port
        target.weight = weight * place.weight
        return target
    }
}

extension Transport.UpstreamSettings.Target.Speaking {
    fileprivate init(_ configured: TargetProtocol) {
        self =
            switch configured {
            case .http1: .http1
            case .http2: .http2
            case .negotiated: .negotiated
            }
    }
}

extension TargetRoster {
    /// The roster of an upstream with targets that were looked up; what is known of those that stay goes over.
    static func next(
        _ targets: [Transport.UpstreamSettings.Target], of name: String, _ upstream: Configuration.UpstreamSettings,
        after before: TargetRoster?, log: StructuredLog
    ) -> TargetRoster {
        let names = targets.map(\.name)
        let health = upstream.health.map { check in
            TargetHealth(check, targets: names, previous: before?.health, onChange: healthLog(name, names, log))
        }
        var ejections: TargetEjections?
        if let settings = upstream.outlier, targets.count > 1 {
            let known = before?.targets.map(\.name) ?? []
            if let carried = before?.ejections {
                ejections = TargetEjections(
                    carried, places: names.map { known.firstIndex(of: $0) }, onEjection: ejectionLog(name, names, log))
            } else {
                ejections = TargetEjections(
                    settings, targets: names.count, onEjection: ejectionLog(name, names, log))
            }
        }
        return TargetRoster(targets, ejections: ejections, health: health)
    }

    static func healthLog(
        _ upstream: String, _ targets: [String], _ log: StructuredLog
    ) -> @Sendable (Int, Bool) -> Void {
        { target, isHealthy in
            log.warning(
                isHealthy ? "target healthy again" : "target unhealthy",
                ["upstream": .string(upstream), "target": .string(targets[target])])
        }
    }

    static func ejectionLog(
        _ upstream: String, _ targets: [String], _ log: StructuredLog
    ) -> @Sendable (Int, Int) -> Void {
        { target, microseconds in
            log.warning(
                "target ejected",
                [
                    "upstream": .string(upstream), "target": .string(targets[target]),
                    "seconds": .integer(microseconds / 1_000_000),
                ])
        }
    }
}
