import NIOCore
import RedisClient

extension RedisClient {
    /// Carries out an operator's order on a breaker, whatever epoch it is in; false if Redis could not be asked.
    package func force(
        _ namespace: String, _ upstream: String, _ order: BreakerScripts.Order, _ microseconds: Int
    ) async throws -> Bool {
        let promise = eventLoop.makePromise(of: Bool.self)
        try await onLoop { link in
            BreakerScripts(link: link, namespace: namespace).force(
                upstream, order, epoch: nil, durationMicroseconds: microseconds
            ) { result in
                promise.succeed((try? result.get()) != nil)
            }
        }
        return try await promise.futureResult.get()
    }
}
