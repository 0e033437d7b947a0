import HTTPWire
import Policies

/// A route compiled for one worker: its steps in order, and the service at their end.
package final class RoutePlan {
    package let name: String
    /// The route's place in the metrics of this process; stable across reloads.
    package let metricsIndex: Int
    /// Bytes of request body that the route takes; nil: as many as the listener.
    package let bodyLimit: Int?
    /// Nil: the route is for no other origin's pages.
    package let preflights: (any PreflightAnswering)?
    /// Whether it is served before others when not all can be.
    package let priority: Priority
    /// Which fields tell clients what a request took.
    package var timing: TimingFields = []
    /// Field lines for responses that the service has not set; nil: none.
    package let responseDefaults: ResponseDefaults?
    let filters: [any RequestFilter]
    let service: any ExchangeService

    /// `filters` must be in the order of their phases.
    package init(
        name: String, metricsIndex: Int, bodyLimit: Int? = nil, priority: Priority = .normal,
        filters: [any RequestFilter],
        service: any ExchangeService, preflights: (any PreflightAnswering)? = nil,
        responseDefaults: ResponseDefaults? = nil
    ) {
        assert(zip(filters, filters.dropFirst()).allSatisfy { $0.phase <= $1.phase })
        self.name = name
        self.metricsIndex = metricsIndex
        self.bodyLimit = bodyLimit
        self.priority = priority
        self.preflights = preflights
        self.responseDefaults = responseDefaults
        self.filters = filters
        self.service = service
    }
}

/// Answers the preflights of a route (CORS): requests about a request, which have no route of their own.
package protocol PreflightAnswering: AnyObject {
    func preflight(_ request: RequestHead) -> Reply
}
