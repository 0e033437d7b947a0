/// What became of the requests of one worker's store, for metrics and tests.
package struct LeasingCounters: Hashable, Sendable {
    /// Entries of requests that were paid from a lease.
    package var paid = 0
    /// Requests that leases alone admitted.
    package var admittedLocally = 0
    /// Requests that were refused without asking.
    package var refusedLocally = 0
    /// Requests that waited for the answer to another one's question.
    package var joined = 0
    /// Questions for requests.
    package var inquiries = 0
    /// Questions for leases alone: renewals and returns.
    package var tended = 0
    /// Tokens that leases were granted.
    package var granted = 0
    /// Tokens that were given back.
    package var returned = 0

    package init() {}
}
