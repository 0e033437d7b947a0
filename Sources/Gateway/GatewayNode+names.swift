import Configuration
import Filters
import GatewayCore
import NIOPosix
import Telemetry
import Transport

/// Targets that are given by name.
extension GatewayNode {
    func watchNames() async {
        let upstreams = snapshot.configuration.upstreams.values
        let wanted = upstreams.reduce(into: Set<NameWatch.Name>()) { $0.formUnion($1.watchedNames) }
        guard names != nil || !wanted.isEmpty else { return }
        let names = self.names ?? NameWatch(log: log) { [weak self] in await self?.retarget(isReload: false) }
        self.names = names
        await names.watch(wanted, snapshot.configuration.names, on: group.next())
    }

    /// Gives workers what names stand for now.
    /// - Parameter isReload: what workers have was made of the configuration alone.
    func retarget(isReload: Bool) async {
        guard let places = await names?.places else { return }
        // From here on nothing is waited for: what was found later is told later.
        let configuration = snapshot.configuration
        rosters = rosters.filter { configuration.upstreams[$0.key]?.watchedNames.isEmpty == false }
        for (name, upstream) in configuration.upstreams where !upstream.watchedNames.isEmpty {
            let targets = upstream.transportTargets(zone: configuration.nodeZone, places)
            let before = rosters[name]
            guard isReload || before?.targets != targets else { continue }
            let roster = TargetRoster.next(targets, of: name, upstream, after: before, log: log)
            rosters[name] = roster
            for worker in workers { worker.post { $0.retarget(name, roster) } }
            guard before?.targets != targets else { continue }
            log.info(
                "targets found by name",
                ["upstream": .string(name), "targets": .string(targets.map(\.name).joined(separator: " "))])
        }
        adoptHealth()
    }

    func adoptHealth() {
        var health: [String: any ClusterChecks] = snapshot.health
        for (name, roster) in rosters { health[name] = roster.health }
        state.health.adopt(health)
    }
}
