/// Decides whether an upstream may be asked, and learns how each attempt went: the breaker, as forwarding sees it.
/// One per upstream and worker; only called on that worker.
package protocol AttemptGate: AnyObject {
    /// Called right before a target is picked. An admitted attempt leads to exactly one `report` or `cancel`.
    func admit() -> GateAdmission

    /// - Parameter durationMicroseconds: from sending the request to the response head, or to the failure.
    func report(_ token: Int, isSuccess: Bool, durationMicroseconds: Int)

    /// The attempt ended without evidence about the upstream, such as by its client leaving.
    func cancel(_ token: Int)
}

package enum GateAdmission {
    /// The token goes back with the report.
    case admitted(token: Int)
    case refused(retryAfterSeconds: Int)
}
