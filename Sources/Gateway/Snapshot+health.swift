import Configuration
import Filters
import Policies
import Telemetry
import Transport

/// What a configuration keeps about the health of upstreams and their targets, and takes over from the one before.
extension Snapshot {
    static func breakers(
        of configuration: GatewayConfiguration, previous: Snapshot?, cluster: ClusterBreakers, log: StructuredLog
    ) -> [String: SharedBreaker] {
        var breakers: [String: SharedBreaker] = [:]
        for (name, upstream) in configuration.upstreams {
            guard let settings = upstream.breaker else { continue }
            if let known = previous?.breakers[name] {
                breakers[name] = known
                continue
            }
            breakers[name] = SharedBreaker(settings, onUrgent: { cluster.wake() }) { transition in
                log.warning(
                    "circuit breaker changed state",
                    [
                        "upstream": .string(name), "from": .string(transition.from.rawValue),
                        "to": .string(transition.to.rawValue), "cause": .string("\(transition.cause)"),
                        "scope": .string(transition.cause.isCluster ? "cluster" : "node"),
                    ])
            }
        }
        return breakers
    }

    /// Judgements on targets live on as long as the targets and the rules are the same.
    static func ejections(
        of configuration: GatewayConfiguration, previous: Snapshot?, log: StructuredLog
    ) -> [String: TargetEjections] {
        var ejections: [String: TargetEjections] = [:]
        for (name, upstream) in configuration.upstreams where upstream.targets.count > 1 {
            guard let settings = upstream.outlier else { continue }
            if let known = previous?.ejections[name], let before = previous?.configuration.upstreams[name],
                before.outlier == settings, before.targets == upstream.targets
            {
                ejections[name] = known
                continue
            }
            let targets = upstream.transportTargets(zone: nil).map(\.name)
            ejections[name] = TargetEjections(
                settings, targets: targets.count, onEjection: TargetRoster.ejectionLog(name, targets, log))
        }
        return ejections
    }

    /// What checks have found lives on as long as the targets and the check are the same.
    static func health(
        of configuration: GatewayConfiguration, previous: Snapshot?, log: StructuredLog
    ) -> [String: TargetHealth] {
        var health: [String: TargetHealth] = [:]
        for (name, upstream) in configuration.upstreams {
            guard let check = upstream.health else { continue }
            if let known = previous?.health[name], let before = previous?.configuration.upstreams[name],
                before.health == check, before.targets == upstream.targets
            {
                health[name] = known
                continue
            }
            let targets = upstream.transportTargets(zone: nil).map(\.name)
            health[name] = TargetHealth(
                check, targets: targets, onChange: TargetRoster.healthLog(name, targets, log))
        }
        return health
    }
}
