/// The health of an upstream's targets as one node knows it, towards what shares it with others. On any thread.
package protocol ClusterChecks: AnyObject, Sendable {
    /// From one check of a target to the next.
    var intervalMicroseconds: Int { get }
    /// Whether each target is well, by its name.
    var verdicts: [String: Bool] { get }
    /// Whether this node checks for all, or for itself alone.
    var checksForCluster: Bool { get }
    func check(forCluster isChecking: Bool)
    /// What the node that checks has found.
    func hear(_ verdicts: [String: Bool])
}
