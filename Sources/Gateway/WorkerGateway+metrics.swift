import Filters
import GatewayCore
import Policies
import RedisClient
import Telemetry
import Transport

/// What parts of the gateway tell, in the words of its metrics and its access log.
extension UpstreamFailureKind {
    /// Nil for failures that are not the upstream's.
    init?(_ failure: Failure) {
        switch failure {
        case .connectRefused: self = .connectRefused
        case .handshakeFailed: self = .handshakeFailed
        case .connectTimeout: self = .connectTimeout
        case .connectionLost: self = .closedEarly
        case .malformedResponse: self = .malformedResponse
        case .responseTimeout, .bodyTimeout: self = .responseTimeout
        case .noTarget, .tooManyPending: self = .noConnection
        default: return nil
        }
    }
}

extension LimitDecision {
    init?(_ decision: ExchangeRecord.LimitDecision) {
        switch decision {
        case .none: return nil
        case .admitted: self = .admitted
        case .refused: self = .refused
        case .degraded: self = .degraded
        case .shadowRefused: self = .shadowRefused
        }
    }
}

extension AuthenticationOutcome {
    init(_ failure: ExchangeRecord.AuthenticationFailure) {
        switch failure {
        case .missing: self = .missing
        case .rejected: self = .rejected
        case .expired: self = .expired
        case .throttled: self = .throttled
        case .unavailable: self = .unavailable
        }
    }
}

extension CacheOutcome {
    init?(_ result: ExchangeRecord.CacheResult) {
        switch result {
        case .none: return nil
        case .hit: self = .hit
        case .stale: self = .stale
        case .revalidated: self = .revalidated
        case .miss: self = .miss
        case .bypass: self = .bypass
        }
    }
}

extension BreakerGauge {
    init(_ state: Breaker.State) {
        switch state {
        case .closed: self = .closed
        case .open: self = .open
        case .halfOpen: self = .halfOpen
        }
    }
}

extension Priority {
    var rank: PriorityRank {
        switch self {
        case .low: .low
        case .normal: .normal
        case .high: .high
        }
    }
}

extension CacheGauges {
    init(_ counters: NearCounters) {
        self.init()
        entries = counters.entries
        bytes = counters.bytes
        evictions = counters.evictions
    }
}

extension LeaseMetrics {
    init(_ leases: LeasingRateLimitStore) {
        self.init()
        let counters = leases.counters
        answers[.lease] = counters.admittedLocally
        answers[.knownRefusal] = counters.refusedLocally
        answers[.redis] = counters.inquiries
        joined = counters.joined
        calls = counters.tended
        grantedTokens = counters.granted
        returnedTokens = counters.returned
        held = leases.leaseCount
    }
}

extension UpstreamMetrics {
    /// Takes over what its adaptive limit says.
    mutating func adopt(_ upstream: Upstream) {
        concurrencyLimit = upstream.concurrencyLimit
        inFlight = upstream.inFlight
    }
}

extension RedisMetrics {
    /// Takes over what the way to Redis has counted.
    mutating func adopt(_ link: RedisLink) {
        let counters = link.counters
        commands = counters.commands
        reconnects = max(counters.connects - 1, 0)
        openConnections = link.isReady ? 1 : 0
    }
}
