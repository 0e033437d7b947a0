/// How an upstream picks one of its targets.
package enum BalanceMethod: Hashable, Sendable {
    case roundRobin
    case leastRequests
    case randomTwo
    case hash(HashSource)

    /// What the request is hashed by, so that equal values reach the same target.
    package enum HashSource: Hashable, Sendable {
        case header(String)
        case cookie(String)
        case consumer
        case ip
    }
}
