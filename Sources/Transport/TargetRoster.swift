/// The targets of an upstream as they are now, with what the node knows of them. Names may come to stand for others.
package struct TargetRoster: Sendable {
    package let targets: [UpstreamSettings.Target]
    /// Nil: no target is ever taken out.
    package let ejections: TargetEjections?
    /// Nil: nobody checks.
    package let health: TargetHealth?

    package init(_ targets: [UpstreamSettings.Target], ejections: TargetEjections?, health: TargetHealth?) {
        self.targets = targets
        self.ejections = ejections
        self.health = health
    }
}
