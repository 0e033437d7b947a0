import Encryption
import GatewayCore
import NIOCore

/// Services as upstreams of one target each, with their own connections; of one worker.
package final class UpstreamServiceClient: ServiceClient {
    /// So many services at most: their addresses come from configurations and from providers' documents.
    private static let mostServices = 64
    private static let longestMicroseconds = 30_000_000

    private let worker: Worker
    private let tls: ClientTLS?
    private var upstreams: [ServiceAddress: Upstream] = [:]

    /// - Parameter tls: how https services are verified.
    package init(worker: Worker, tls: ClientTLS?) {
        self.worker = worker
        self.tls = tls
    }

    package func ask(
        _ service: ServiceAddress, _ head: [UInt8], body: [UInt8], mostBytes: Int, timeoutMicroseconds: Int,
        completion: @escaping (Result<ServiceAnswer, Failure>) -> Void
    ) {
        guard let upstream = upstream(service) else { return completion(.failure(.noTarget)) }
        OwnRequest.send(
            head, body: body, to: upstream, mostBytes: mostBytes, timeoutMicroseconds: timeoutMicroseconds, on: worker
        ) { result in
            completion(result.map { ServiceAnswer(head: $0.head, body: $0.body) })
        }
    }

    package func close() {
        for upstream in upstreams.values { upstream.close() }
        upstreams = [:]
    }

    private func upstream(_ service: ServiceAddress) -> Upstream? {
        if let known = upstreams[service] { return known }
        guard upstreams.count < Self.mostServices, !service.isSecure || tls != nil else { return nil }
        let target = UpstreamSettings.Target(host: service.host, port: service.port, isSecure: service.isSecure)
        var settings = UpstreamSettings(name: service.host, targets: [target])
        settings.tls = service.isSecure ? tls : nil
        settings.connectTimeoutMicroseconds = 2_000_000
        settings.responseTimeoutMicroseconds = Self.longestMicroseconds
        settings.totalTimeoutMicroseconds = Self.longestMicroseconds
        settings.keepAliveMicroseconds = 10_000_000
        settings.maximumConnections = 64
        let upstream = Upstream(settings: settings, metricsIndex: 0, worker: worker)
        upstreams[service] = upstream
        return upstream
    }
}
